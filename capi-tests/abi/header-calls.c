/* Every function, constant and macro of ham.h in use, and both kinds of send as far as the order allows. */
#include "header-order.h"

static void on_event(int type, uint32_t iface, const char *group_uri) {
    (void)type;
    (void)iface;
    (void)group_uri;
}

int use(const char *uri, char *text, void *bytes);

int use(const char *uri, char *text, void *bytes) {
    int s, sum = 0;
    size_t n;
    uint32_t *ifs, some[2];
    uint8_t ttl;
    GroupSet *groups;
    char *uris;
    MembershipEventCallback callback = on_event;

    some[0] = HAM_IPV4(1);
    some[1] = HAM_IPV6(some[0]);
    sum += createMSocket(&s, 2, some);
    sum += join(s, uri) + leave(s, "ham:ip:224.1.2.3:5000");
    sum += srcRegister(s, uri, 2, some) + srcDeregister(s, uri, 0, NULL);
    sum += send(s, uri, 3, bytes);
    sum += send(s, text, 3, text);
    sum += send(s, "ham:ip:224.1.2.3:5000", sizeof "x", "x");
    sum += send(s, uri, 0, NULL);
    sum += (int)send(s, uri, 0, 0);
    sum += receive(s, NULL, 3, bytes) + receive(s, uri, 3, text);
    sum += getInterfaces(HAM_ALL_INTERFACES, &n, &ifs) + addInterface(s, 1) + delInterface(s, 1);
    sum += setTTL(s, 1, 2, some) + getTTL(s, &ttl) + getAtomicMsgSize(s);
    sum += groupSet(1, &n, &groups) + groups->type + (groups->group_uri == NULL);
    sum += neighborSet(1, NULL, &n, &uris) + childrenSet(1, uri, &n, &uris) + parentSet(1, uri, &n, &uris);
    sum += *HAM_NEXT_URI(uris) + *HAM_NEXT_URI(uri);
    sum += designatedHost(1, uri) + registerEventCallback(callback) + registerEventCallback(NULL);
    sum += enableEvents() + disableEvents() + getMaxMsgSize() + deleteMSocket(s);
    sum += HAM_LISTENER + HAM_SENDER + HAM_SENDER_LISTENER + HAM_JOIN_EVENT + HAM_LEAVE_EVENT + HAM_NEW_SOURCE_EVENT;
    sum += HAM_URI_MAX + HAM_VERSION_MAJOR + HAM_VERSION_NUMBER + (int)sizeof HAM_VERSION;

#if defined(SOCKET_FIRST) || defined(__cplusplus)
    {
        /* libc's, with each type that flags may have. */
        ssize_t sent = 0;
        const void *data = bytes;
        unsigned flags = 0;
        sent += send(s, bytes, 3, 0);
        sent += send(s, data, 3, MSG_NOSIGNAL);
        sent += send(s, text, 3, 0);
        sent += send(s, text, 3, MSG_NOSIGNAL);
        sent += send(s, uri, 3, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += send(s, data, 3, (int)flags);
        sent += send(s, text, 3, sum > 0 ? MSG_MORE : 0);
        sum += (int)sent;
    }
#endif
#if defined(HAM_FIRST) || defined(SOCKET_FIRST)
    sum += (int)recv(s, bytes, 3, 0) + (int)sendto(s, bytes, 3, 0, NULL, 0) + (int)htons(1);
#endif
    return sum;
}
