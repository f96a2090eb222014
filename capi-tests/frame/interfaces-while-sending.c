/* Threads add and delete an Interface while others send and receive, small messages and large ones, plain and sealed: on the
 * Interface that stays nothing is lost, damaged or heard twice.
 * build: -lhamx -pthread
 * network: pair
 */
#include "frame.h"

#define THERE "ham:opaque:there/chacha20-poly1305;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define HERE "ham:opaque:here"
#define SENT 2000
#define ROUNDS 60
#define SIZE(i) ((i) % 10 == 0 ? 20000u : 100u)

static int s;
static _Atomic bool over;

/* All messages, in order, each once; more may not come. */
static void hears_all(int socket, const char *name)
{
    static uint8_t buffer[65507];
    int number, n;

    for (int i = 0; i < SENT; i++) {
        CHECK(readable(socket, PATIENCE));
        n = receive(socket, name, sizeof buffer, buffer);
        memcpy(&number, buffer, sizeof number);
        if (n != (int)SIZE(i) || number != i || !filled(buffer + 4, (size_t)n - 4, (unsigned)i)) {
            fprintf(stderr, "%s: message %d of %d bytes, wanted %d\n", name, n < 4 ? -1 : number, n, i);
            exit(1);
        }
    }
}

static void sends_all(int socket, const char *name)
{
    uint8_t message[20000];

    for (int i = 0; i < SENT; i++) {
        fill(message + 4, SIZE(i) - 4, (unsigned)i);
        memcpy(message, &i, sizeof i);
        OK(send(socket, name, SIZE(i), message));
        if (i % 8 == 0)
            pause_ms(1);
    }
}

static void *changes(void *argument)
{
    uint32_t eth1 = *(uint32_t *)argument;

    for (int i = 0; i < ROUNDS && !over; i++) {
        OK(addInterface(s, eth1));
        pause_ms(2);
        /* Another thread may have done it already. */
        if (delInterface(s, eth1) != 0)
            CHECK(errno == EADDRNOTAVAIL);
        pause_ms(2);
    }
    return NULL;
}

static void *sends(void *name)
{
    sends_all(s, name);
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    uint32_t eth0, eth1;
    int ready[2], go[2];
    pid_t child;
    char byte;

    begin(50);
    run("ip link add eth1 type veth peer name eth1 netns peer && ip addr add 10.47.0.1/24 dev eth1 && ip link set eth1 up && "
        "ip netns exec peer ip addr add 10.47.0.2/24 dev eth1 && ip netns exec peer ip link set eth1 up");
    CHECK(pipe(ready) == 0 && pipe(go) == 0);
    child = fork();
    if (child == 0) {
        begin(50);
        enter("peer");
        s = socket_on("eth0");
        OK(join(s, THERE));
        CHECK(write(ready[1], "x", 1) == 1);
        CHECK(read(go[0], &byte, 1) == 1);
        CHECK(pthread_create(&threads[2], NULL, sends, HERE) == 0);
        hears_all(s, THERE);
        CHECK(pthread_join(threads[2], NULL) == 0);
        silent(s, 100);
        CHECK(counted(s).lost == 0 && counted(s).refused == 0);
        exit(0);
    }
    eth0 = index_of("eth0");
    eth1 = index_of("eth1");
    CHECK(read(ready[0], &byte, 1) == 1);
    OK(createMSocket(&s, 1, &eth0));
    OK(join(s, HERE));
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, changes, &eth1) == 0);
    CHECK(pthread_create(&threads[2], NULL, sends, THERE) == 0);
    CHECK(write(go[1], "x", 1) == 1);
    hears_all(s, HERE);
    CHECK(pthread_join(threads[2], NULL) == 0);
    over = true;
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
    finished(child);
    silent(s, 50);
    CHECK(counted(s).lost == 0 && counted(s).refused == 0 && counted(s).sent == SENT && counted(s).received == SENT);
    OK(deleteMSocket(s));
    return 0;
}
