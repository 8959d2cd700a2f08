// Loaded before libc into the process under test: of all its flushes to disk the one that FLUSH_FAILS_AT names fails with EIO,
// nothing being flushed, and the instant is written to the file FLUSH_FAILS_TOLD. Later ones succeed, as on Linux they do.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_long flushes;

static int flush(const char *name, int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    const char *at = getenv("FLUSH_FAILS_AT"), *told = getenv("FLUSH_FAILS_TOLD");
    if (!at || !told || atomic_fetch_add(&flushes, 1) + 1 != atol(at)) return real(file);
    char path[256] = "", link[64], part[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (readlink(link, path, sizeof path - 1) < 0) path[0] = 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(part, sizeof part, "%s.part", told);
    int out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (out >= 0) {
        dprintf(out, "%ld.%09ld %s %s\n", (long)now.tv_sec, now.tv_nsec, name, path);
        close(out);
        rename(part, told);
    }
    errno = EIO;
    return -1;
}

int fsync(int file) { return flush("fsync", file); }
int fdatasync(int file) { return flush("fdatasync", file); }
