/* The conformance suite on IPv6.
 * build: -lhamx -pthread
 */
#include "all.h"

static uint32_t loopback(void) { return HAM_IPV6(index_of("lo")); }

static const struct technology ip6 = {
    .name = "ip6",
    .hears = loopback,
    .speaks = loopback,
    .configuration = "",
    .other_configuration = "",
    .ip = "ham:ip:[ff15::46:%d]:5000",
    .at_once = true,
};

int main(int argc, char **argv)
{
    begin(100);
    return suite(&ip6, argc, argv) != 0;
}
