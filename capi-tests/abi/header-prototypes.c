/* The prototypes of RFC 7046, Appendix A, verbatim, behind ham.h. */
#include "header-order.h"

int createMSocket(int* result, size_t num_ifs,
                  const uint32_t* ifs);

int deleteMSocket(int s);

int join(int msock, const char* group_uri);

int leave(int msock, const char* group_uri);

int srcRegister(int msock,
                const char* group_uri,
                size_t num_ifs,
                uint32_t* ifs);

int srcDeregister(int msock,
                  const char* group_uri,
                  size_t num_ifs,
                  uint32_t* ifs);

#if !defined(SOCKET_FIRST) || defined(HAM_RFC_SEND) || defined(__cplusplus) || defined(WITH_SEND)
int send(int msock,
         const char* group_uri,
         size_t buf_len,
         const void* buf);
#endif

int receive(int msock,
            const char* group_uri,
            size_t buf_len,
            void* buf);

int getInterfaces(int msock,
                  size_t* num_ifs,
                  uint32_t** ifs);

int addInterface(int msock, uint32_t iface);

int delInterface(int msock, uint32_t iface);

int setTTL(int msock, uint8_t value,
           size_t num_ifs, uint32_t* ifs);

int getTTL(int msock, uint8_t* result);

int getAtomicMsgSize(int msock);

/* (The type GroupSet is ham.h's: C has no way to repeat a structure without a name.) */

int groupSet(uint32_t iface,
             size_t* num_groups,
             GroupSet** groups);

int neighborSet(uint32_t iface,
                const char* group_name,
                size_t* num_neighbors,
                char** neighbor_uris);

int childrenSet(uint32_t iface,
                const char* group_name,
                size_t* num_children,
                char** children_uris);

int parentSet(uint32_t iface,
              const char* group_name,
              size_t* num_parents,
              char** parents_uris);

int designatedHost(uint32_t iface,
                   const char* group_name);

#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
typedef void (*MembershipEventCallback)
                           (int,          /* event type   */
                            uint32_t,     /* Interface id */
                            const char*); /* group uri    */
#endif

int registerEventCallback(MembershipEventCallback callback);

int enableEvents();

int disableEvents();

int getMaxMsgSize();

#if defined(WRONG)
long getMaxMsgSize();
#endif

int use(int s, const char *uri, const void *bytes);

int use(int s, const char *uri, const void *bytes) {
    return send(s, uri, 3, bytes) + getMaxMsgSize() + enableEvents() + disableEvents();
}
