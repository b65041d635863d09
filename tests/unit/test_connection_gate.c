/* How many connections are let in, in all and from one address. */
#include "unit.h"

#include "gateway/connection_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

/* Dots make it IPv4, unless there is a colon. */
static struct gate_place *enter(struct connection_gate *gate, const char *address)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    bool is_six = strchr(address, ':') != NULL;
    void *bytes = is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr;
    CU_ASSERT_EQUAL_FATAL(inet_pton(is_six ? AF_INET6 : AF_INET, address, bytes), 1);
    return connection_gate_enter(gate, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four);
}

static void test_all(void)
{
    struct connection_gate *gate = connection_gate_open(2, 0);
    struct gate_place *first = enter(gate, "10.0.0.1"), *second = enter(gate, "10.0.0.1");
    CU_ASSERT_PTR_NOT_NULL(first);
    CU_ASSERT_PTR_NOT_NULL(second);
    CU_ASSERT_PTR_NULL(enter(gate, "10.0.0.2"));
    CU_ASSERT_EQUAL(connection_gate_count(gate), 2);
    connection_gate_leave(gate, first);
    connection_gate_leave(gate, NULL);
    struct gate_place *third = enter(gate, "10.0.0.2");
    CU_ASSERT_PTR_NOT_NULL(third);
    connection_gate_leave(gate, second);
    connection_gate_leave(gate, third);
    CU_ASSERT_EQUAL(connection_gate_count(gate), 0);
    connection_gate_close(gate);
}

static void test_one_address(void)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"10.0.0.1", "10.0.0.1", true},          {"10.0.0.1", "10.0.0.2", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},   {"::1", "::1", true},
        {"2001:db8::1", "2001:db8::ffff", true}, {"2001:db8::1", "2001:db8:0:1::1", false},
        {"::ffff:10.0.0.1", "::1", false},       {"0.0.0.0", "10.0.0.1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connection_gate *gate = connection_gate_open(10, 1);
        struct gate_place *first = enter(gate, rows[i].first);
        struct gate_place *second = enter(gate, rows[i].second);
        CU_ASSERT_PTR_NOT_NULL(first);
        CU_ASSERT_EQUAL(second == NULL, rows[i].same);
        connection_gate_leave(gate, first);
        if (rows[i].same)
            second = enter(gate, rows[i].second);
        CU_ASSERT_PTR_NOT_NULL(second);
        connection_gate_leave(gate, second);
        connection_gate_close(gate);
    }
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *come_and_go(void *context)
{
    char address[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(address, sizeof address, "10.0.%d.1", i % 200);
        connection_gate_leave(context, enter(context, address));
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    struct connection_gate *gate = connection_gate_open(3, 2);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, come_and_go, gate);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(connection_gate_count(gate), 0);
    struct gate_place *place = enter(gate, "10.0.0.1");
    CU_ASSERT_PTR_NOT_NULL(place);
    connection_gate_leave(gate, place);
    connection_gate_close(gate);
}

UNIT_TESTS({"all", test_all}, {"one address", test_one_address}, {"threads", test_threads})
