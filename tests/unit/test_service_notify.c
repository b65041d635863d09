/* What systemd is told, as a socket of its kind hears it. */
#include "unit.h"

#include "gateway/service_notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *name, size_t length)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, name, length);
    int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&at, size), 0);
    return listener;
}

static void test_path(void)
{
    char folder[] = "/tmp/tierway-test-XXXXXX", path[64], heard[64] = "";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/notify", folder);
    int listener = listen_at(path, strlen(path));
    CU_ASSERT_EQUAL(service_notify(path, "READY=1\nSTATUS=here"), TW_OK);
    CU_ASSERT_EQUAL(recv(listener, heard, sizeof heard - 1, 0), 19);
    CU_ASSERT_STRING_EQUAL(heard, "READY=1\nSTATUS=here");
    close(listener);
    CU_ASSERT_EQUAL(service_notify(path, "STOPPING=1"), TW_IO);
    unlink(path);
    CU_ASSERT_EQUAL(service_notify(path, "STOPPING=1"), TW_IO);
    rmdir(folder);
}

static void test_abstract_name(void)
{
    char name[64], heard[64] = "";
    snprintf(name, sizeof name, "@tierway-test-%d", (int)getpid());
    name[0] = '\0';
    int listener = listen_at(name, 1 + strlen(name + 1));
    name[0] = '@';
    CU_ASSERT_EQUAL(service_notify(name, "WATCHDOG=1"), TW_OK);
    CU_ASSERT_EQUAL(recv(listener, heard, sizeof heard - 1, 0), 10);
    CU_ASSERT_STRING_EQUAL(heard, "WATCHDOG=1");
    close(listener);
}

static void test_nobody(void)
{
    char long_name[256];
    memset(long_name, '/', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    CU_ASSERT_EQUAL(service_notify(NULL, "READY=1"), TW_OK);
    CU_ASSERT_EQUAL(service_notify("", "READY=1"), TW_OK);
    CU_ASSERT_EQUAL(service_notify("relative", "READY=1"), TW_INVALID);
    CU_ASSERT_EQUAL(service_notify(long_name, "READY=1"), TW_INVALID);
}

UNIT_TESTS({"a path", test_path}, {"an abstract name", test_abstract_name},
           {"nobody listens", test_nobody})
