/* The conformance suite on an overlay: in one process, and between two sessions over a router; and beside technology ip.
 * build: -lhamx -pthread
 * timeout: 150
 */
#include "all.h"

static uint32_t first(void) { return 0x10000000; }
static uint32_t second(void) { return 0x10000001; }

/* Nothing is to be lost for want of room while the machine is busy. */
#define PATIENT "congestion = \"block\"\nblock_ms = 10000\n"
#define HERE "[overlay.here]\nlisten = [\"tcp/127.0.0.1:%d\"]\n" PATIENT
#define THERE "[overlay.there]\nrouters = [\"tcp/127.0.0.1:%d\"]\npatience_ms = 50\n" PATIENT

static const struct technology overlay = {
    .name = "overlay",
    .hears = first,
    .speaks = first,
    .configuration = HERE,
    .other_configuration = THERE,
    .ip = "ham:ip:239.46.0.%d:5000",
    .by_name = true,
    .at_once = true,
    .zero_is_process = true,
};

static const struct technology routed = {
    .name = "overlay, over a router",
    .hears = second,
    .speaks = first,
    .configuration = HERE THERE,
    .ip = "ham:ip:239.46.0.%d:5000",
    .by_name = true,
    .zero_is_process = true,
};

static const struct technology beside_ip = {
    .name = "ip and overlay",
    .hears = first,
    .speaks = first,
    .configuration = HERE,
    .at_once = true,
};

static const struct technology routed_beside_ip = {
    .name = "ip and overlay, over a router",
    .hears = second,
    .speaks = first,
    .configuration = HERE THERE,
};

int main(int argc, char **argv)
{
    int status, failed;
    pid_t child = fork();

    /* Without its library nothing of this can be configured. */
    if (child == 0) {
        uint32_t lo = index_of("lo");
        int s;

        configuration("[overlay.here]\nlisten = [\"tcp/127.0.0.1:7447\"]\n");
        _exit(createMSocket(&s, 1, &lo) == 0 ? 0 : 77);
    }
    CHECK(waitpid(child, &status, 0) == child);
    if (WEXITSTATUS(status) == 77)
        return skip("built without an overlay (make overlay)");
    begin(140);
    failed = suite(&overlay, argc, argv);
    failed += suite(&routed, argc, argv);
    failed += suite_of_both(&beside_ip, argc, argv);
    failed += suite_of_both(&routed_beside_ip, argc, argv);
    return failed != 0;
}
