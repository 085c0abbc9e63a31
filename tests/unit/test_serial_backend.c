/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "serial_backend.h"

Test(serial_backend, none)
{
	struct serial_backend backend;

	cr_assert_eq(serial_backend_open(SERIAL_NONE, NULL, &backend, NULL), 0);
	cr_assert_eq(backend.in, -1);
	cr_assert_eq(backend.out, -1);
	serial_backend_close(&backend);
	serial_backend_close(&backend);
}

Test(serial_backend, a_file_is_written_anew)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	int fd = mkstemp(path);
	struct serial_backend backend;
	struct stat st;

	cr_assert_eq(write(fd, "earlier", 7), 7);
	cr_assert_eq(serial_backend_open(SERIAL_FILE, path, &backend, NULL), 0);
	cr_assert_eq(backend.in, -1);
	cr_assert_eq(write(backend.out, "now", 3), 3);
	serial_backend_close(&backend);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(st.st_size, 3);
	(void)close(fd);
	(void)unlink(path);
}

Test(serial_backend, a_file_that_cannot_be)
{
	struct pt_error err = PT_ERROR_INIT;
	struct serial_backend backend = {.in = 77};

	cr_assert_eq(serial_backend_open(SERIAL_FILE, "/nonexistent/log", &backend, &err), -ENOENT);
	cr_assert_str_eq(err.message, "serial: /nonexistent/log: No such file or directory");
	cr_assert_eq(backend.in, 77);
}

Test(serial_backend, a_pty_carries_bytes_unchanged)
{
	struct serial_backend backend;
	struct pollfd poller = {.events = POLLIN};
	char buf[8] = "";
	int peer;

	cr_assert_eq(serial_backend_open(SERIAL_PTY, NULL, &backend, NULL), 0);
	/* Nobody is connected: no hang-up, nothing to read. */
	poller.fd = backend.in;
	cr_assert_eq(poll(&poller, 1, 0), 0);
	peer = open(backend.pty, O_RDWR | O_NOCTTY);
	cr_assert_geq(peer, 0);
	cr_assert_eq(write(backend.out, "a\n\x03", 3), 3);
	cr_assert_eq(read(peer, buf, sizeof(buf)), 3);
	cr_assert_arr_eq(buf, "a\n\x03", 3);
	cr_assert_eq(write(peer, "\r", 1), 1);
	cr_assert_eq(read(backend.in, buf, sizeof(buf)), 1);
	cr_assert_eq(buf[0], '\r');
	(void)close(peer);
	cr_assert_eq(poll(&poller, 1, 0), 0);
	serial_backend_close(&backend);
}

Test(serial_backend, a_pty_nobody_reads_does_not_block)
{
	struct serial_backend backend;
	static char block[4096];
	ssize_t ret = 0;

	cr_assert_eq(serial_backend_open(SERIAL_PTY, NULL, &backend, NULL), 0);
	for (int i = 0; i < 1000 && ret >= 0; i++)
		ret = write(backend.out, block, sizeof(block));
	cr_assert_lt(ret, 0);
	cr_assert_eq(errno, EAGAIN);
	serial_backend_close(&backend);
}
