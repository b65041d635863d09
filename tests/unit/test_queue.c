/* The queue of tierway/router.h, on each kind of store that outlives a process, against the
 * stand-in provider on a thread of its own. */
#include "base/clock.h"
#include "stand_in_thread.h"
#include "store_place.h"

#include "store/jobs.h"
#include "tierway/router.h"

#include <pthread.h>

#define BODY                                                                                       \
    "{\"model\": \"gpt-4.1\", \"messages\": [{\"role\": \"user\", \"content\": \"Name a "          \
    "colour.\"}]}"

enum { LONG = 60000 /* milliseconds: no test waits for so long, but where it fails */ };

static tw_policy *policy_of(const char *text)
{
    tw_policy *policy;
    CU_ASSERT_EQUAL_FATAL(tw_policy_compile("test", text, strlen(text), &policy, NULL), TW_OK);
    return policy;
}

/* A provider, a policy and what a queue is opened with. */
struct scene {
    struct stand_in_thread *provider;
    tw_policy *policy;
    char url[120];
    struct tw_queue_options options;
    tw_queue *queue;
};

static void scene_open(struct scene *scene, const char *store, struct stand_in_options provider,
                       int concurrency)
{
    struct tw_error error = {.message = ""};
    *scene = (struct scene){.provider = stand_in_thread_open(provider),
                            .policy = policy_of("when attempt < 1000 -> flex strict")};
    snprintf(scene->url, sizeof scene->url, "http://%s/v1", scene->provider->address);
    scene->options = (struct tw_queue_options){
        .router = {.policy = scene->policy, .base_url = scene->url, .store = store, .seed = 7},
        .concurrency = concurrency};
    CU_ASSERT_EQUAL_FATAL(tw_queue_open(&scene->options, &scene->queue, &error), TW_OK);
    CU_ASSERT_STRING_EQUAL(error.message, "");
}

static void scene_close(struct scene *scene)
{
    tw_queue_close(scene->queue, -1);
    tw_policy_free(scene->policy);
    CU_ASSERT_TRUE(stand_in_thread_close(scene->provider));
}

static struct tw_job job_of(const char *id)
{
    return (struct tw_job){.id = id, .body = BODY, .length = strlen(BODY)};
}

static enum tw_status submit(tw_queue *queue, const struct tw_job *job)
{
    struct tw_error error;
    return tw_queue_submit(queue, job, NULL, &error);
}

/* What callbacks were told. */
struct told {
    pthread_mutex_t lock;
    int calls, done;
    char last[64];
    tw_queue *queue;
    bool stored_before; /* each result was in the store when it was told */
};

static void told_open(struct told *told, tw_queue *queue)
{
    *told = (struct told){.queue = queue, .stored_before = true};
    pthread_mutex_init(&told->lock, NULL);
}

static void note_end(void *context, const struct tw_job_result *result)
{
    struct told *told = context;
    struct tw_job_result *stored;
    bool found = tw_queue_result(told->queue, result->id, &stored, NULL) == TW_OK &&
                 stored->state == result->state && stored->content_length == result->content_length;
    pthread_mutex_lock(&told->lock);
    told->calls++;
    told->done += result->state == TW_JOB_DONE;
    told->stored_before = told->stored_before && found;
    snprintf(told->last, sizeof told->last, "%s", result->id);
    pthread_mutex_unlock(&told->lock);
    tw_job_result_free(stored);
}

/* --- tests --- */

static void one_job(const char *store)
{
    struct scene scene;
    struct told told;
    struct tw_job_result *result;
    scene_open(&scene, store, stand_in_options_default(), 2);
    told_open(&told, scene.queue);
    struct tw_job job = job_of("one");
    job.on_end = note_end;
    job.context = &told;
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, "one", LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(told.calls, 1);
    CU_ASSERT_TRUE(told.stored_before);
    CU_ASSERT_STRING_EQUAL(told.last, "one");
    CU_ASSERT_EQUAL_FATAL(tw_queue_result(scene.queue, "one", &result, NULL), TW_OK);
    CU_ASSERT_STRING_EQUAL(result->id, "one");
    CU_ASSERT_EQUAL(result->state, TW_JOB_DONE);
    CU_ASSERT_EQUAL(result->http_status, 200);
    CU_ASSERT_TRUE(result->content_length > 0);
    CU_ASSERT_EQUAL(strlen(result->content), result->content_length);
    CU_ASSERT_STRING_EQUAL(result->served_tier, "flex");
    CU_ASSERT_TRUE(result->input_tokens > 0);
    CU_ASSERT_EQUAL(result->total_tokens, result->input_tokens + result->output_tokens);
    CU_ASSERT_TRUE(result->ended >= result->submitted);
    CU_ASSERT_PTR_NOT_NULL(result->request_id);
    CU_ASSERT_PTR_NULL(result->message);
    CU_ASSERT_EQUAL(result->body[0], '{');
    CU_ASSERT_PTR_NOT_NULL(strstr(result->line, "\"custom_id\":\"one\""));
    tw_job_result_free(result);
    scene_close(&scene);
}

static void many_jobs(const char *store)
{
    enum { COUNT = 60 };
    struct stand_in_options provider = stand_in_options_default();
    struct scene scene;
    struct told told;
    char id[TW_JOB_ID_SIZE];
    provider.capacity = "refuse 30%";
    scene_open(&scene, store, provider, 8);
    told_open(&told, scene.queue);
    struct tw_job job = job_of(NULL);
    job.on_end = note_end;
    job.context = &told;
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(tw_queue_submit(scene.queue, &job, id, NULL), TW_OK);
        CU_ASSERT_EQUAL(strncmp(id, "job-", 4), 0);
    }
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(told.calls, COUNT);
    CU_ASSERT_EQUAL(told.done, COUNT);
    CU_ASSERT_TRUE(told.stored_before);
    scene_close(&scene);
}

static void same_id(const char *store)
{
    struct scene scene;
    struct told told;
    struct tw_error error;
    scene_open(&scene, store, stand_in_options_default(), 1);
    told_open(&told, scene.queue);
    struct tw_job job = job_of("same"), other = job_of("same");
    job.on_end = note_end;
    job.context = &told;
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(told.calls, 2);
    other.body = "{\"model\": \"gpt-4.1\", \"messages\": []}";
    other.length = strlen(other.body);
    CU_ASSERT_EQUAL(tw_queue_submit(scene.queue, &other, NULL, &error), TW_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "another request has this id");
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, 0, NULL), TW_OK);
    scene_close(&scene);
}

/* What was submitted and not done is done by the next one that is opened, here or elsewhere. */
static void reopened(const char *store)
{
    struct scene scene;
    struct tw_job_result *result;
    scene_open(&scene, store, stand_in_options_default(), 0);
    struct tw_job job = job_of("kept");
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, "kept", 0, NULL), TW_TIMEOUT);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, 20, NULL), TW_TIMEOUT);
    CU_ASSERT_EQUAL_FATAL(tw_queue_result(scene.queue, "kept", &result, NULL), TW_OK);
    CU_ASSERT_EQUAL(result->state, TW_JOB_QUEUED);
    CU_ASSERT_EQUAL(result->ended, 0);
    CU_ASSERT_EQUAL(result->total_tokens, -1);
    CU_ASSERT_PTR_NULL(result->content);
    tw_job_result_free(result);
    tw_queue_close(scene.queue, 0);
    scene.options.concurrency = 1;
    CU_ASSERT_EQUAL_FATAL(tw_queue_open(&scene.options, &scene.queue, NULL), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, 0, NULL), TW_OK); /* none of its own */
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, "kept", LONG, NULL), TW_OK);
    scene_close(&scene);
}

/* One queue submits, another works. */
static void others_work(const char *store)
{
    struct scene scene;
    struct told told;
    tw_queue *submitter;
    scene_open(&scene, store, stand_in_options_default(), 2);
    struct tw_queue_options options = {.router = {.store = store}};
    CU_ASSERT_EQUAL_FATAL(tw_queue_open(&options, &submitter, NULL), TW_OK);
    told_open(&told, submitter);
    struct tw_job job = job_of("elsewhere");
    job.on_end = note_end;
    job.context = &told;
    CU_ASSERT_EQUAL(submit(submitter, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(submitter, NULL, LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(told.done, 1);
    tw_queue_close(submitter, 0);
    scene_close(&scene);
}

static void cancelled(const char *store)
{
    struct scene scene;
    struct told told;
    bool done = false;
    scene_open(&scene, store, stand_in_options_default(), 0);
    told_open(&told, scene.queue);
    struct tw_job job = job_of("away");
    job.on_end = note_end;
    job.context = &told;
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_cancel(scene.queue, "away", &done, NULL), TW_OK);
    CU_ASSERT_TRUE(done);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL(told.calls, 1);
    CU_ASSERT_EQUAL(told.done, 0);
    CU_ASSERT_EQUAL(tw_queue_cancel(scene.queue, "away", &done, NULL), TW_OK);
    CU_ASSERT_FALSE(done);
    CU_ASSERT_EQUAL(tw_queue_cancel(scene.queue, "none", &done, NULL), TW_OK);
    CU_ASSERT_FALSE(done);
    scene_close(&scene);
}

/* The provider's words, and those of the policy. */
static void failed(const char *store)
{
    static const char body[] = "{\"model\": \"no-such-model\", \"messages\": []}";
    struct scene scene;
    struct tw_job_result *result;
    scene_open(&scene, store, stand_in_options_default(), 1);
    struct tw_job job = {.id = "bad", .body = body, .length = strlen(body), .within = 1};
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, "bad", LONG, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(tw_queue_result(scene.queue, "bad", &result, NULL), TW_OK);
    CU_ASSERT_EQUAL(result->state, TW_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(result->error_code);
    CU_ASSERT_PTR_NOT_NULL(result->message);
    tw_job_result_free(result);
    scene_close(&scene);
}

/* What runs when a queue is closed at once goes back, and nothing of it is lost. */
static void closed_at_once(const char *store)
{
    static const char *const faults[] = {"hang"};
    struct stand_in_options provider = stand_in_options_default();
    struct scene scene;
    struct told told;
    struct tw_job_result *result = NULL;
    bool running = false;
    provider.faults = faults;
    provider.fault_count = 1;
    scene_open(&scene, store, provider, 1);
    told_open(&told, scene.queue);
    struct tw_job job = job_of("hung");
    job.on_end = note_end;
    job.context = &told;
    CU_ASSERT_EQUAL(submit(scene.queue, &job), TW_OK);
    for (int64_t until = clock_monotonic() + LONG * INT64_C(1000000);
         !running && clock_monotonic() < until;) {
        CU_ASSERT_EQUAL_FATAL(tw_queue_result(scene.queue, "hung", &result, NULL), TW_OK);
        running = result->state == TW_JOB_RUNNING;
        tw_job_result_free(result);
    }
    CU_ASSERT_TRUE(running);
    tw_queue_close(scene.queue, 0);
    scene.options.concurrency = 0;
    CU_ASSERT_EQUAL_FATAL(tw_queue_open(&scene.options, &scene.queue, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(tw_queue_result(scene.queue, "hung", &result, NULL), TW_OK);
    CU_ASSERT_EQUAL(result->state, TW_JOB_QUEUED);
    CU_ASSERT_EQUAL(told.calls, 0);
    tw_job_result_free(result);
    scene_close(&scene);
}

static void bad_jobs(const char *store)
{
    char long_id[TW_JOB_ID_SIZE + 1];
    struct scene scene;
    struct tw_error error;
    struct tw_job_result *result;
    memset(long_id, 'x', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = '\0';
    const struct {
        struct tw_job job;
        enum tw_status status;
        const char *message;
    } cases[] = {
        {{.body = NULL}, TW_INVALID, "a job needs a body"},
        {{.body = "[]", .length = 2}, TW_INVALID, "a request is a JSON object"},
        {{.body = "{}", .length = 2}, TW_INVALID, "the body names no model"},
        {{.body = "{\"model\": \"m\", \"stream\": true}", .length = 30},
         TW_INVALID,
         "a job cannot stream its answer"},
        {{.id = "", .body = BODY, .length = strlen(BODY)}, TW_INVALID, "an id is not empty"},
        {{.id = long_id, .body = BODY, .length = strlen(BODY)},
         TW_LIMIT,
         "an id has at most 256 bytes"},
        {{.body = BODY, .length = strlen(BODY), .endpoint = "/embeddings"},
         TW_INVALID,
         "an endpoint is \"/chat/completions\" or \"/responses\""},
        {{.body = BODY, .length = strlen(BODY), .within = -1},
         TW_INVALID,
         "`within` is a number of milliseconds over 0"},
    };
    scene_open(&scene, store, stand_in_options_default(), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(tw_queue_submit(scene.queue, &cases[i].job, NULL, &error), cases[i].status);
        CU_ASSERT_STRING_EQUAL(error.message, cases[i].message);
    }
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, NULL, 0, NULL), TW_OK); /* none was stored */
    CU_ASSERT_EQUAL(tw_queue_wait(scene.queue, "none", LONG, &error), TW_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(error.message, "there is no job \"none\"");
    CU_ASSERT_EQUAL(tw_queue_result(scene.queue, "none", &result, &error), TW_NOT_FOUND);
    CU_ASSERT_PTR_NULL(result);
    scene_close(&scene);
}

static void bad_options(void)
{
    tw_policy *policy = policy_of("when stream -> flex strict");
    struct store_place place = place_make();
    const char *url = "http://127.0.0.1:1/v1";
    struct tw_error error;
    tw_queue *queue;
    const struct {
        struct tw_queue_options options;
        enum tw_status status;
    } cases[] = {
        {{.router = {.store = NULL}}, TW_INVALID},
        {{.router = {.store = "memory:"}}, TW_INVALID},
        {{.router = {.store = "/no/such/folder/jobs.db"}}, TW_NOT_FOUND},
        {{.router = {.store = place.path}, .concurrency = -1}, TW_INVALID},
        {{.router = {.store = place.path}, .concurrency = 257}, TW_INVALID},
        {{.router = {.store = place.path}, .lease = 10}, TW_INVALID},
        {{.router = {.store = place.path}, .concurrency = 1}, TW_INVALID},
        {{.router = {.store = place.path, .policy = policy}, .concurrency = 1}, TW_INVALID},
        {{.router = {.store = place.path, .policy = policy, .base_url = "ftp://x"},
          .concurrency = 1},
         TW_INVALID},
        {{.router = {.store = place.path, .policy = policy, .base_url = url, .prices = "/none"},
          .concurrency = 1},
         TW_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(tw_queue_open(&cases[i].options, &queue, &error), cases[i].status);
        CU_ASSERT_PTR_NULL(queue);
    }
    tw_queue_close(NULL, 0);
    tw_job_result_free(NULL);
    tw_policy_free(policy);
    place_remove(&place);
}

/* --- what holds a store that breaks while it is used --- */

static void breaks(void)
{
    struct store_place place = place_make();
    struct scene scene;
    struct tw_error error = {.message = ""};
    scene_open(&scene, place.path, stand_in_options_default(), 1);
    FILE *file = fopen(place.path, "r+");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    struct tw_job job = job_of("lost");
    char noise[8192];
    memset(noise, 0x5a, sizeof noise);
    for (int i = 0; i < 64; i++)
        fwrite(noise, 1, sizeof noise, file);
    fclose(file);
    enum tw_status status = tw_queue_submit(scene.queue, &job, NULL, &error);
    if (status == TW_OK)
        status = tw_queue_wait(scene.queue, "lost", LONG, &error);
    CU_ASSERT_NOT_EQUAL(status, TW_TIMEOUT);
    CU_ASSERT_TRUE(status == TW_OK || error.message[0] != '\0');
    scene_close(&scene);
    place_remove(&place);
}

ON_EACH_LASTING_PLACE(one_job)
ON_EACH_LASTING_PLACE(many_jobs)
ON_EACH_LASTING_PLACE(same_id)
ON_EACH_LASTING_PLACE(reopened)
ON_EACH_LASTING_PLACE(others_work)
ON_EACH_LASTING_PLACE(cancelled)
ON_EACH_LASTING_PLACE(failed)
ON_EACH_LASTING_PLACE(closed_at_once)
ON_EACH_LASTING_PLACE(bad_jobs)

UNIT_TESTS({"one job", each_one_job}, {"many jobs", each_many_jobs}, {"same id", each_same_id},
           {"reopened", each_reopened}, {"others work", each_others_work},
           {"cancelled", each_cancelled}, {"failed", each_failed},
           {"closed at once", each_closed_at_once}, {"bad jobs", each_bad_jobs},
           {"bad options", bad_options}, {"a store that breaks", breaks})
