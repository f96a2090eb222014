/* hamx.h alone and beside ham.h, in any order: every function of ham.h is there with its type and the prefix. */
#if defined(HAMX_FIRST) || defined(ALONE)
#include <hamx.h>
#endif
#if !defined(ALONE)
#include "header-order.h"
#endif
#include <hamx.h>

int use(int s, void *bytes);

int use(int s, void *bytes) {
    static struct ham_message message;
    struct ham_ifProp prop;
    struct ham_statistics stats;
    GroupSet *groups;
    size_t n;
    int sum = ham_receive_from(s, NULL, 3, bytes, &message) + message.group_uri[0] + (int)message.iface + message.from[0];
    sum += ham_interfaceProperties(HAM_IPV4(1), &prop) + prop.ifName[0] + prop.ifAddr[0] + prop.ifTech[0];
    sum += (int)prop.if_index + (int)prop.mtu;
    sum += ham_statistics(s, &stats) + (int)(stats.sent + stats.send_failures + stats.received);
    sum += (int)(stats.dropped_by_kernel + stats.dropped_by_library + stats.join_failures);
    sum += *ham_last_error() + *ham_version() + HAM_URI_MAX + HAM_VERSION_NUMBER;
    sum += ham_send(s, "ham:ip:224.1.2.3:5000", 3, bytes) + ham_groupSet(1, &n, &groups);
    return sum;
}

#if !defined(ALONE)
#define SAME(name) \
    { \
        __typeof__(&name) twin = &ham_##name; \
        sum += twin != &name; \
    }
int same(void);

int same(void) {
    int sum = 0;
    SAME(createMSocket)
    SAME(deleteMSocket)
    SAME(join)
    SAME(leave)
    SAME(srcRegister)
    SAME(srcDeregister)
    SAME(receive)
    SAME(getInterfaces)
    SAME(addInterface)
    SAME(delInterface)
    SAME(setTTL)
    SAME(getTTL)
    SAME(getAtomicMsgSize)
    SAME(groupSet)
    SAME(neighborSet)
    SAME(childrenSet)
    SAME(parentSet)
    SAME(designatedHost)
    SAME(registerEventCallback)
    SAME(enableEvents)
    SAME(disableEvents)
    SAME(getMaxMsgSize)
    return sum;
}
#endif
