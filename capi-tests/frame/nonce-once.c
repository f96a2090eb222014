/* One Interface is full (EAGAIN) and another one loses what it sends (ENOBUFS), but not before this host's own listeners have
 * heard it: no sealed frame of other bytes has a sender id and a number that were heard before.
 * build: -lhamx
 */
#include "frame.h"
#include <fcntl.h>

#define NAME "ham:ip:239.46.9.5:7000/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define TRIES 200

int main(void)
{
    static uint8_t heard[TRIES][2048];
    uint8_t message[1000];
    uint32_t ifs[2];
    int s, wire, count = 0, failed = 0;
    ssize_t n;

    begin(30);
    for (int i = 0; i < 2; i++) {
        run("ip link add full%d type veth peer name other%d", i, i);
        run("ip link set full%d up && ip link set other%d up && ip addr add 10.47.%d.1/24 dev full%d", i, i, i, i);
    }
    if (system("tc qdisc add dev full0 root tbf rate 8kbit burst 1600 limit 100000000 &&"
               "tc qdisc add dev full1 root tbf rate 8kbit burst 1600 limit 1600") != 0)
        return skip("the kernel has no tbf");
    CHECK(setenv("HAM_SEND_BUFFER", "16384", 1) == 0);
    ifs[0] = HAM_IPV4(index_of("full0"));
    ifs[1] = HAM_IPV4(index_of("full1"));
    OK(createMSocket(&s, 2, ifs));
    nonblocking(s, true);
    wire = bsd_receiver("239.46.9.5", 7000, "full1", NULL);
    CHECK(fcntl(wire, F_SETFL, O_NONBLOCK) == 0);
    for (int i = 0; i < TRIES; i++) {
        memset(message, i, sizeof message);
        failed += send(s, NAME, sizeof message, message) != 0;
    }
    while (count < TRIES && (n = recv(wire, heard[count], sizeof heard[count], 0)) > 0) {
        for (int i = 0; i < count; i++)
            CHECK(memcmp(heard[i] + 20, heard[count] + 20, 24) != 0 || memcmp(heard[i], heard[count], (size_t)n) == 0);
        count++;
    }
    printf("%d failed, %d heard\n", failed, count);
    CHECK(failed > 50 && count > 10);
    return 0;
}
