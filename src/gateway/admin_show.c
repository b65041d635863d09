/* gateway/admin_show.c: health, readiness, metrics and the live policy.
 *
 * Made on the loop's thread from what is at hand; nothing here waits. */
#include "gateway/admin_internal.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FREE_BYTES_MIN = 16 << 20 /* on the ledger's file system */ };

static const char *const part_names[PART_COUNT] = {"policy", "prices", "callers"};

void admin_show_health(struct admin *admin, struct admin_answer *answer)
{
    (void)admin;
    answer->type = "text/plain";
    buffer_string(&answer->body, "ok\n");
}

/* --- readiness --- */

/* The folder counts as well: SQLite writes its log beside the database. */
static const char *store_trouble(const char *store)
{
    char folder[4096];
    const char *slash = strrchr(store, '/');
    size_t length = slash ? (size_t)(slash - store) + 1 : 1;
    struct statvfs room;
    if (strncmp(store, "memory:", 7) == 0 || strstr(store, "://"))
        return NULL;
    if (length >= sizeof folder)
        return "the ledger's path is too long";
    memcpy(folder, slash ? store : ".", length);
    folder[length] = '\0';
    if (access(store, W_OK) != 0 || access(folder, W_OK) != 0)
        return "the ledger may not be written";
    if (statvfs(folder, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize < FREE_BYTES_MIN)
        return "the ledger's disk is full";
    return NULL;
}

void admin_show_readiness(struct admin *admin, struct admin_answer *answer)
{
    const char *store = admin->options.store;
    const char *trouble = store ? store_trouble(store) : NULL;
    const struct gateway *gateway = atomic_load(&admin->gateway);
    if (gateway && gateway_ledger_state(gateway).failing)
        trouble = "the ledger cannot be written to";
    if (atomic_load(&admin->draining))
        trouble = "the gateway is going down";
    answer->status = trouble ? 503 : 200;
    buffer_format(&answer->body, "{\"ready\":%s", trouble ? "false" : "true");
    if (trouble)
        buffer_format(&answer->body, ",\"reason\":\"%s\"", trouble);
    buffer_string(&answer->body, "}\n");
}

/* --- the policy --- */

static void print_instant(struct buffer *out, const char *name, int64_t instant)
{
    buffer_format(out, ",\"%s\":\"", name);
    instant_print(out, instant);
    buffer_byte(out, '"');
}

static void print_part(struct buffer *out, struct policy_store *policies, enum policy_part part)
{
    struct part_status status;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    policy_store_status(policies, part, &status, &why);
    buffer_format(out, "\"%s\":{\"file\":", part_names[part]);
    if (policy_store_file(policies, part))
        json_write_string(out, text_of(policy_store_file(policies, part)));
    else
        buffer_string(out, "null");
    buffer_format(out, ",\"hash\":\"%s\"", status.hash);
    print_instant(out, "live_since", status.since);
    print_instant(out, "loaded_last", status.looked);
    buffer_format(out, ",\"changes\":%llu,\"refusals\":%llu,\"refused\":",
                  (unsigned long long)status.swaps, (unsigned long long)status.refusals);
    if (status.refused)
        json_write_string(out, buffer_view(&why));
    else
        buffer_string(out, "null");
    buffer_byte(out, '}');
    buffer_free(&why);
}

static void print_description(struct buffer *out, const tw_policy *policy)
{
    buffer_string(out, ",\"provider\":");
    json_write_string(out, text_of(tw_policy_provider(policy)));
    buffer_string(out, ",\"timezone\":");
    json_write_string(out, text_of(tw_policy_timezone(policy)));
    buffer_format(out, ",\"rules\":%u,\"tiers\":[", tw_policy_rule_count(policy));
    for (size_t i = 0; i < tw_policy_tier_count(policy); i++) {
        buffer_string(out, i ? "," : "");
        json_write_string(out, text_of(tw_policy_tier(policy, i)));
    }
    buffer_byte(out, ']');
}

void admin_show_policy(struct admin *admin, struct admin_answer *answer)
{
    struct policy_store *policies = admin->options.policies;
    struct snapshot *snapshot = policy_acquire(policies);
    struct buffer *out = &answer->body;
    buffer_byte(out, '{');
    for (int part = 0; part < PART_COUNT; part++) {
        buffer_string(out, part ? "," : "");
        print_part(out, policies, (enum policy_part)part);
    }
    print_description(out, snapshot->policy);
    buffer_string(out, "}\n");
    snapshot_release(snapshot);
}

/* --- metrics --- */

/* One family with a line for each part. */
static void print_parts(struct buffer *out, const char *name, const char *type, const char *help,
                        const int64_t values[PART_COUNT])
{
    static const char *const labels[PART_COUNT] = {"part=\"policy\"", "part=\"prices\"",
                                                   "part=\"callers\""};
    metrics_print_head(out, name, type, help);
    for (int part = 0; part < PART_COUNT; part++)
        metrics_print_value(out, name, labels[part], values[part]);
}

static void print_live(struct buffer *out, struct policy_store *policies)
{
    metrics_print_head(out, "tierway_live_info", "gauge", "What is live, by the hash of its text.");
    for (int part = 0; part < PART_COUNT; part++) {
        struct part_status status;
        policy_store_status(policies, (enum policy_part)part, &status, NULL);
        buffer_format(out, "tierway_live_info{part=\"%s\",", part_names[part]);
        metrics_print_label(out, "file",
                            text_of(policy_store_file(policies, (enum policy_part)part)));
        buffer_format(out, ",hash=\"%s\"} 1\n", status.hash);
    }
}

static void print_loadings(struct buffer *out, struct policy_store *policies)
{
    struct part_status status;
    int64_t good[PART_COUNT], since[PART_COUNT], looked[PART_COUNT], swaps[PART_COUNT],
        refusals[PART_COUNT];
    for (int part = 0; part < PART_COUNT; part++) {
        policy_store_status(policies, (enum policy_part)part, &status, NULL);
        good[part] = !status.refused;
        since[part] = status.since / 1000;
        looked[part] = status.looked / 1000;
        swaps[part] = (int64_t)status.swaps;
        refusals[part] = (int64_t)status.refusals;
    }
    print_parts(out, "tierway_last_reload_successful", "gauge",
                "1 where the newest file is live, 0 where it was refused.", good);
    print_parts(out, "tierway_live_since_timestamp_seconds", "gauge",
                "When what is live went live.", since);
    print_parts(out, "tierway_last_reload_timestamp_seconds", "gauge",
                "When the file was loaded last, with whatever result.", looked);
    print_parts(out, "tierway_live_changes_total", "counter", "How often another one went live.",
                swaps);
    print_parts(out, "tierway_reload_refusals_total", "counter",
                "How often a newer file was refused.", refusals);
}

static void print_counters(struct buffer *out, const struct gateway *gateway)
{
    const struct gateway_counters counters = gateway_count(gateway);
#define COUNTER(name, help)                                                                        \
    metrics_print_head(out, "tierway_gateway_" #name "_total", "counter", help);                   \
    metrics_print_value(out, "tierway_gateway_" #name "_total", "", (int64_t)counters.name);
    GATEWAY_COUNTERS(COUNTER)
#undef COUNTER
}

static void print_ledger(struct buffer *out, const struct gateway *gateway)
{
    const struct ledger_writer_state state = gateway_ledger_state(gateway);
    metrics_print_head(out, "tierway_ledger_failing", "gauge",
                       "1 where the ledger could not be written to the last time.");
    metrics_print_value(out, "tierway_ledger_failing", "", state.failing);
    metrics_print_head(out, "tierway_ledger_kept_rows", "gauge",
                       "Rows in memory, until the ledger can be written to again.");
    metrics_print_value(out, "tierway_ledger_kept_rows", "", (int64_t)state.kept);
}

static int64_t resident_bytes(void)
{
    long long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm) {
        if (fscanf(statm, "%*s %lld", &pages) != 1)
            pages = 0;
        fclose(statm);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static void print_process(struct buffer *out, const struct admin *admin)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    int64_t microseconds = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    metrics_print_head(out, "tierway_build_info", "gauge", "The version that runs.");
    buffer_string(out, "tierway_build_info{");
    metrics_print_label(out, "version", text_of(admin->options.version));
    buffer_string(out, "} 1\n");
    metrics_print_head(out, "process_start_time_seconds", "gauge", "When the gateway was started.");
    metrics_print_value(out, "process_start_time_seconds", "", admin->started);
    metrics_print_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
    metrics_print_value(out, "process_resident_memory_bytes", "", resident_bytes());
    metrics_print_head(out, "process_cpu_seconds_total", "counter", "Processor time.");
    buffer_string(out, "process_cpu_seconds_total ");
    decimal_print(out, microseconds, 6);
    buffer_byte(out, '\n');
}

void admin_show_metrics(struct admin *admin, struct admin_answer *answer)
{
    struct buffer *out = &answer->body;
    const struct gateway *gateway = atomic_load(&admin->gateway);
    answer->type = METRICS_CONTENT_TYPE;
    metrics_print(admin->options.metrics, out);
    if (gateway) {
        print_counters(out, gateway);
        print_ledger(out, gateway);
    }
    metrics_print_head(out, "tierway_open_connections", "gauge", "Connections of callers.");
    metrics_print_value(out, "tierway_open_connections", "",
                        (int64_t)connection_gate_count(admin->options.gate));
    print_live(out, admin->options.policies);
    print_loadings(out, admin->options.policies);
    metrics_print_head(out, "tierway_access_log_lost_total", "counter",
                       "Lines of the access log that could not be written.");
    metrics_print_value(out, "tierway_access_log_lost_total", "",
                        (int64_t)access_log_lost(admin->options.access_log));
    print_process(out, admin);
}
