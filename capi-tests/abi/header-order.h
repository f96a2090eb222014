/* The orders in which a program may include ham.h. */
#if defined(SOCKET_FIRST)
#include <sys/socket.h>
#include <arpa/inet.h>
#endif
#include <ham.h>
#if defined(HAM_FIRST)
#include <sys/socket.h>
#include <arpa/inet.h>
#endif
