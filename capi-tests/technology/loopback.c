/* The conformance suite on technology loopback.
 * build: -lhamx -pthread
 */
#include "all.h"

static uint32_t first(void) { return 0x10000000; }

static const struct technology loopback = {
    .name = "loopback",
    .hears = first,
    .speaks = first,
    .configuration = "[loopback.inside]\n",
    .other_configuration = NULL,
    .ip = "ham:ip:239.46.0.%d:5000",
    .by_name = true,
    .at_once = true,
    .zero_is_process = true,
};

static const struct technology beside_ip = {
    .name = "ip and loopback",
    .hears = first,
    .speaks = first,
    .configuration = "[loopback.inside]\n",
    .at_once = true,
};

static const struct technology bad_beside_ip = {
    .name = "ip and a loopback that loses, doubles and swaps",
    .hears = first,
    .speaks = first,
    .configuration = "[loopback.bad]\nloss_percent = 10\nduplicate_percent = 10\nswap_percent = 10\nseed = 5\n",
    .at_once = true,
};

int main(int argc, char **argv)
{
    int failed;

    begin(100);
    failed = suite(&loopback, argc, argv);
    failed += suite_of_both(&beside_ip, argc, argv);
    failed += conform(&bad_beside_ip, when_bad, sizeof when_bad / sizeof when_bad[0], argc > 1 ? argv[1] : NULL);
    return failed != 0;
}
