/* The conformance suite on IPv4.
 * build: -lhamx -pthread
 */
#include "all.h"

static uint32_t loopback(void) { return HAM_IPV4(index_of("lo")); }

static const struct technology ip4 = {
    .name = "ip4",
    .hears = loopback,
    .speaks = loopback,
    .configuration = "",
    .other_configuration = "",
    .ip = "ham:ip:239.46.0.%d:5000",
    .at_once = true,
};

int main(int argc, char **argv)
{
    begin(100);
    return suite(&ip4, argc, argv) != 0;
}
