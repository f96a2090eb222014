/* ham_interfaceProperties: index, name, address and technology of an Interface (libhamx). RFC 7046 §4.3.1.
 * build: -lhamx
 * network: pair
 */
#include "test.h"

#include <hamx.h>

int main(void)
{
    struct ham_ifProp prop;

    begin(30);
    OK(ham_interfaceProperties(index_of("eth0"), &prop));
    CHECK(prop.if_index == index_of("eth0"));
    CHECK(strcmp(prop.ifName, "eth0") == 0);
    CHECK(strcmp(prop.ifAddr, "10.46.0.1") == 0);
    CHECK(strcmp(prop.ifTech, "ip") == 0);
    CHECK(prop.mtu == 1500);
    OK(ham_interfaceProperties(HAM_IPV6(index_of("eth0")), &prop));
    CHECK(strchr(prop.ifAddr, ':') != NULL);
    OK(ham_interfaceProperties(index_of("lo"), &prop));
    CHECK(strcmp(prop.ifName, "lo") == 0 && strcmp(prop.ifAddr, "127.0.0.1") == 0);
    FAILS(ham_interfaceProperties(4000, &prop), ENODEV);
    FAILS(ham_interfaceProperties(index_of("lo"), NULL), EINVAL);
    CHECK(strlen(ham_last_error()) > 0);
    CHECK(strlen(ham_version()) > 0);
    return 0;
}
