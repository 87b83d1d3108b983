/* Stands between the program and the C library (LD_PRELOAD) and makes its Nth change of a folder go wrong.
 *
 *   FAULT_UNDER  the folder; calls that change other files are not counted
 *   FAULT_AT     N, from 1
 *   FAULT_HOW    once: the call fails with ENOSPC
 *                full: and so do all that follow, except removals; a write that is the Nth writes half of its bytes
 *                kill, term, int: the process gets that signal before the call
 *   FAULT_COUNT  file that gets the number of calls when the program ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static int is_under(const char *path) {
    const char *folder = setting("FAULT_UNDER");
    size_t n = strlen(folder);
    char whole[2 * PATH_MAX];
    if (path[0] != '/') {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    return n && strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static int is_open_under(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return is_under(path);
}

enum fate { PASS, HALF, FAIL };

/* Counts a call; what becomes of it. */
static enum fate next(int removes) {
    long n = atomic_fetch_add(&calls, 1) + 1, at = atol(setting("FAULT_AT"));
    const char *how = setting("FAULT_HOW");
    int is_full = !strcmp(how, "full");
    if (is_full && !removes && at && n > at) return FAIL;
    if (n != at) return PASS;
    if (!strcmp(how, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(how, "term")) kill(getpid(), SIGTERM);
    if (!strcmp(how, "int")) kill(getpid(), SIGINT);
    if (is_full) return removes ? PASS : HALF;
    return !strcmp(how, "once") ? FAIL : PASS;
}

static int fails(enum fate fate) {
    if (fate != PASS) errno = ENOSPC;
    return fate != PASS;
}

__attribute__((destructor)) static void report(void) {
    const char *path = setting("FAULT_COUNT");
    FILE *file = *path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                   \
    int name(const char *path, int flags, ...) {                                     \
        va_list rest;                                                                \
        va_start(rest, flags);                                                       \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                    \
        va_end(rest);                                                                \
        int writes = flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC);                \
        if (writes && is_under(path) && fails(next(0))) return -1;                   \
        return REAL(name)(path, flags, mode);                                        \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *bytes, size_t n) {
    if (is_open_under(fd)) {
        enum fate fate = next(0);
        if (fate == HALF && n > 1) n /= 2;
        else if (fails(fate)) return -1;
    }
    return REAL(write)(fd, bytes, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
    if (is_open_under(fd) && fails(next(0))) return -1;
    return REAL(writev)(fd, parts, n);
}

#define ON_FILE(name)                                          \
    int name(int fd) {                                         \
        if (is_open_under(fd) && fails(next(0))) return -1;    \
        return REAL(name)(fd);                                 \
    }
ON_FILE(fsync)
ON_FILE(fdatasync)

int ftruncate64(int fd, off64_t length) {
    if (is_open_under(fd) && fails(next(0))) return -1;
    return REAL(ftruncate64)(fd, length);
}

int rename(const char *from, const char *to) {
    if (is_under(to) && fails(next(0))) return -1;
    return REAL(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (is_under(path) && fails(next(0))) return -1;
    return REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
    if (is_under(path) && fails(next(1))) return -1;
    return REAL(unlink)(path);
}
