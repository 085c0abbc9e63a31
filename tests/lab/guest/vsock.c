/* SPDX-License-Identifier: MIT */
/*
 * usage: vsock listen PORT         one connection: what comes goes to standard output
 *        vsock connect CID PORT    standard input goes there; tries for 30 s
 */
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int die(const char *what)
{
	perror(what);
	return 1;
}

static int copy(int from, int to)
{
	static char buffer[65536];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0, part; done < n; done += part) {
			part = write(to, buffer + done, (size_t)(n - done));
			if (part < 0)
				return die("write");
		}
	}
	return n < 0 ? die("read") : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_vm address = {.svm_family = AF_VSOCK};
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	int r, tries = 300;

	if (fd < 0)
		return die("vsock");
	if (argc == 3 && !strcmp(argv[1], "listen")) {
		address.svm_cid = VMADDR_CID_ANY;
		address.svm_port = (unsigned)atoi(argv[2]);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
			return die("vsock listen");
		fd = accept(fd, NULL, NULL);
		return fd < 0 ? die("accept") : copy(fd, 1);
	}
	if (argc != 4 || strcmp(argv[1], "connect"))
		return fputs("vsock: see the head of its source\n", stderr), 2;
	address.svm_cid = (unsigned)atoi(argv[2]);
	address.svm_port = (unsigned)atoi(argv[3]);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		if (!tries--)
			return die("vsock connect");
		(void)close(fd);
		usleep(100000);
		fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	}
	r = copy(0, fd);
	/* Closed before the other side has it all, what it has not yet may be lost. */
	(void)shutdown(fd, SHUT_WR);
	while (read(fd, &tries, sizeof(tries)) > 0)
		;
	return r;
}
