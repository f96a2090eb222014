/* A sender that has sealed 2^18 messages draws a new sender id, and with it has a new key; nothing is lost or comes twice.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:ip:239.46.0.9:7709"
#define SEALED_NAME NAME "/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define MESSAGES ((1 << 18) + 1)

int main(void)
{
    unsigned char first[100], frame[100];
    int s, t, wire, got;

    begin(60);
    s = socket_on("lo");
    t = socket_on("lo");
    wire = bsd_receiver("239.46.0.9", 7709, "lo", NULL);
    OK(join(t, SEALED_NAME));
    for (uint32_t i = 0; i < MESSAGES; i++) {
        OK(send(s, SEALED_NAME, sizeof i, &i));
        CHECK(receive(t, NULL, sizeof got, &got) == sizeof got && got == (int)i);
        CHECK(recv(wire, i == 0 ? first : frame, sizeof first, 0) == HEADER + sizeof i + SEAL);
        if (i == MESSAGES - 2)
            CHECK(memcmp(frame + 20, first + 20, 16) == 0 && frame[41] == 4 && frame[43] == 0);
    }
    CHECK(memcmp(frame + 20, first + 20, 16) != 0 && frame[41] == 0 && frame[43] == 1);
    CHECK(counted(t).received == MESSAGES && counted(t).lost == 0 && counted(t).duplicates == 0);
    return 0;
}
