/* libhamx by the names of the RFC, so that a test of libham is one of libhamx, too. */
#ifndef HAMX_NAMES_H
#define HAMX_NAMES_H

#include <hamx.h>

#define createMSocket ham_createMSocket
#define deleteMSocket ham_deleteMSocket
#define join ham_join
#define leave ham_leave
#define srcRegister ham_srcRegister
#define srcDeregister ham_srcDeregister
#define send ham_send
#define receive ham_receive
#define getInterfaces ham_getInterfaces
#define addInterface ham_addInterface
#define delInterface ham_delInterface
#define setTTL ham_setTTL
#define getTTL ham_getTTL
#define getAtomicMsgSize ham_getAtomicMsgSize
#define groupSet ham_groupSet
#define neighborSet ham_neighborSet
#define childrenSet ham_childrenSet
#define parentSet ham_parentSet
#define designatedHost ham_designatedHost
#define registerEventCallback ham_registerEventCallback
#define enableEvents ham_enableEvents
#define disableEvents ham_disableEvents
#define getMaxMsgSize ham_getMaxMsgSize

#endif
