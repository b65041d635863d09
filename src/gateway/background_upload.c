/* gateway/background_upload.c: a file is uploaded: its form is read, and it is kept where it is for
 * a batch. A form of another purpose is the provider's, as it came. */
#include "gateway/background_internal.h"

#include "base/clock.h"
#include "gateway/multipart.h"

enum { PURPOSE_MAX = 64 };

/* The fields of the form that count; others are passed over. */
struct upload {
    struct text purpose, content;
    struct buffer name;
    bool has_purpose, has_file;
};

static bool refuse(struct task *task, const char *param, const char *message)
{
    task_error(task, 400, "invalid_request", param, message);
    return false;
}

static bool take_part(struct task *task, const struct multipart_part *part, struct upload *upload)
{
    bool file = text_is(part->name, "file"), purpose = text_is(part->name, "purpose");
    if ((file && upload->has_file) || (purpose && upload->has_purpose))
        return refuse(task, file ? "file" : "purpose", "This field stands there twice.");
    upload->has_file |= file;
    upload->has_purpose |= purpose;
    if (purpose)
        upload->purpose = part->content;
    if (!file)
        return true;
    upload->content = part->content;
    if (!part->has_filename)
        return refuse(task, "file", "'file' has to be a file, with a name.");
    multipart_decode(part->filename, &upload->name);
    struct text name = buffer_view(&upload->name);
    return (upload->name.status == TW_OK && utf8_valid_prefix(name) == name.length) ||
           refuse(task, "file", "The file's name is too long, or is not UTF-8.");
}

static bool read_form(struct task *task, struct upload *upload)
{
    struct multipart form;
    struct multipart_part part;
    struct tw_error error;
    bool found = true;
    enum tw_status status = multipart_begin(&form, task->type, buffer_view(&task->body), &error);
    while (status == TW_OK && found) {
        status = multipart_next(&form, &part, &found, &error);
        if (status == TW_OK && found && !take_part(task, &part, upload))
            return false;
    }
    if (status != TW_OK)
        return refuse(task, NULL, error.message);
    if (!upload->has_purpose || upload->purpose.length > PURPOSE_MAX)
        return refuse(task, "purpose", "Missing required parameter: 'purpose'.");
    return true;
}

static bool check_file(struct task *task, const struct upload *upload)
{
    if (!upload->has_file)
        return refuse(task, "file", "Missing required parameter: 'file'.");
    if (upload->content.length == 0)
        return refuse(task, "file", "The file is empty.");
    if (upload->content.length <= STORED_FILE_BYTES_MAX)
        return true;
    task_error(task, 413, "file_too_large", "file", "A file may have 200 MiB at most.");
    return false;
}

static void keep_file(struct task *task, struct store *store, const struct upload *upload)
{
    char id[MADE_ID_SIZE];
    struct tw_error error;
    enum tw_status status = made_id(FILE_PREFIX, id, &error);
    const struct stored_file file = {.created = clock_system() / 1000000,
                                     .id = text_of(id),
                                     .owner = task->owner,
                                     .purpose = TEXT("batch"),
                                     .name = buffer_view(&upload->name),
                                     .content = upload->content};
    if (status == TW_OK)
        status = stored_file_add(store, &file, &error);
    if (status != TW_OK)
        task_store_error(task, status, &error);
    else
        file_object_print(&task->out, &file, (int64_t)upload->content.length);
}

void files_upload(struct task *task, struct store *store)
{
    struct upload upload = {.has_file = false};
    buffer_init(&upload.name, STORED_TEXT_MAX);
    /* What is no form is the provider's to refuse. */
    task->pass = !multipart_is_form(task->type);
    if (!task->pass && read_form(task, &upload)) {
        task->pass = !text_is(upload.purpose, "batch");
        if (!task->pass && check_file(task, &upload))
            keep_file(task, store, &upload);
    }
    if (!task->pass)
        buffer_free(&task->body);
    buffer_free(&upload.name);
}
