/*
 * guardian-stream: takes a slot of the semaphore file, then becomes the command.
 *
 * There is no second process: signals, the exit status and the open descriptors are the command's
 * own, and the kernel gives the slot back when the command is gone, however it went.
 */
#include "stream.h"

int main(int argc, char **argv)
{
	struct options options;
	int status = options_parse(&options, argc, argv);

	return status >= 0 ? status : stream_run(&options);
}
