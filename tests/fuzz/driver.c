/*
 * Runs a fuzz target over its corpus, tests/fuzz/corpus/<what> for a program fuzz_<what>, as a
 * plain test that tells TAP. An empty input is always tried, so that a target without a corpus is a
 * test too.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just its size, so that a sanitizer sees one byte too far. */
static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
		data = malloc((size_t)size ? (size_t)size : 1);
	if (data && fread(data, 1, (size_t)size, file) != (size_t)size)
		size = -1;
	if (file)
		fclose(file);
	if (data && size >= 0)
		LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return data && size >= 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	char folder[512], path[1024];
	unsigned int number = 1, failed = 0;
	struct dirent *entry;
	DIR *dir;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	puts("ok 1 - empty input");
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s",
		name ? name + strlen("/fuzz_") : "");
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		fprintf(stderr, "# %s\n", path);
		bool bad = run_file(path) < 0;
		printf("%sok %u - %s\n", bad ? "not " : "", ++number, entry->d_name);
		failed += bad;
	}
	if (dir)
		closedir(dir);
	printf("1..%u\n", number);
	return failed ? 1 : 0;
}
