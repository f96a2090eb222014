/*
 * What `send` means inside the library: libc's. The relocatable link wraps the name (-Wl,--wrap=send), so that no
 * code in the archive, such as Rust's TcpStream, takes its way through the exported function of that name.
 */
#include <stddef.h>
#include <sys/socket.h>

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags) {
    return sendto(fd, data, len, flags, NULL, 0);
}
