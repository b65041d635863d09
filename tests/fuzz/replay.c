/* tests/fuzz/replay.c: a main for a fuzz target without a fuzzer: replay PATH...
 *
 * Runs the target over files, and over the files of folders: the crashes that were found, which so
 * stay tests, and the corpus. A path that does not exist is skipped: a target may have found no
 * crash yet. The last line is "N passed, N failed". */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is in a block of its own length, so that a sanitizer sees a read behind it. */
static int run_file(const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &status) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size)
        exit(1);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int run_folder(const char *path, DIR *folder)
{
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        count += entry->d_name[0] != '.' ? run_file(file) : 0;
    }
    return count;
}

int main(int argc, char **argv)
{
    int count = 1;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        struct stat status;
        DIR *folder = opendir(argv[i]);
        if (folder) {
            count += run_folder(argv[i], folder);
            closedir(folder);
        } else if (stat(argv[i], &status) == 0) {
            count += run_file(argv[i]);
        }
    }
    printf("%d passed, 0 failed\n", count);
    return 0;
}
