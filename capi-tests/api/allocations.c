/* In the steady state no memory is allocated per message: none at all by the thread that sends and receives, and no allocation per
 * message by any other. */
#include "test.h"

#include <stdatomic.h>

/* The program's malloc is everybody's, libham's too. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

/* By this thread, and by all. */
static _Thread_local unsigned long allocations;
static _Atomic unsigned long all_allocations;

static void counted(void)
{
    allocations++;
    all_allocations++;
}

void *malloc(size_t size)
{
    counted();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    counted();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    counted();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    counted();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    counted();
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

#define FOUR "ham:ip:239.1.2.3:5000"
#define SIX "ham:ip:[ff15::23]:5000"

int main(void)
{
    static const size_t sizes[] = {0, 1, 64, 1400, 9000, 60000};
    unsigned long before, all_before;
    int messages_all = 0;
    int s, t;

    begin(40);
    before = allocations;
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, FOUR));
    OK(join(s, SIX));
    /* The counter counts what the library allocates. */
    CHECK(allocations > before);
    nonblocking(s, true);
    for (int i = 0; i < 100; i++) {
        say(t, FOUR, "warm");
        say(t, SIX, "warm");
    }
    while (receive(s, NULL, sizeof test_buffer, test_buffer) >= 0)
        ;
    all_before = all_allocations;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int taken = 0, messages = sizes[i] > 5000 ? 10 : 100;

        before = allocations;
        for (int k = 0; k < messages; k++) {
            OK(send(t, FOUR, sizes[i], test_buffer));
            OK(send(t, SIX, sizes[i], test_buffer));
        }
        while (receive(s, NULL, sizeof test_buffer, test_buffer) >= 0)
            taken++;
        CHECK(taken == 2 * messages);
        if (allocations != before) {
            fprintf(stderr, "%lu allocations for %d messages of %zu bytes sent and received\n", allocations - before, 2 * messages,
                    sizes[i]);
            return 1;
        }
        /* One by one, waiting in the socket. */
        nonblocking(s, false);
        for (int k = 0; k < messages; k++) {
            OK(send(t, FOUR, sizes[i], test_buffer));
            CHECK(receive(s, NULL, sizeof test_buffer, test_buffer) == (int)sizes[i]);
        }
        nonblocking(s, true);
        CHECK(allocations == before);
        messages_all += 3 * messages;
    }
    /* The library's own thread, which watches the Interfaces, may have its business. */
    printf("%lu allocations by all threads, %d messages\n", all_allocations - all_before, messages_all);
    CHECK(all_allocations - all_before < (unsigned long)messages_all / 10);
    return 0;
}
