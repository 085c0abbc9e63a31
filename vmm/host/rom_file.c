/* SPDX-License-Identifier: MIT */
#include "host/rom_file.h"

#include <errno.h>
#include <fcntl.h>
#include <passthrough/function.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "config/vm_config.h"
#include "host/host_facts.h"

static int read_whole(int fd, char *bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, bytes + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EIO; /* it became shorter */
		len += (size_t)got;
	}
	return 0;
}

static int read_rom(const struct pt_sys *sys, const char *path, void **ret_bytes, size_t *ret_size,
		    struct pt_error *err)
{
	/* Non-blocking, so that a FIFO is refused instead of waited for. */
	CLEANUP_CLOSE int fd = sys->open(sys->ctx, path, O_RDONLY | O_NONBLOCK);
	CLEANUP_FREE char *bytes = NULL;
	struct stat st;
	size_t size;
	int ret;

	if (fd < 0)
		return pt_error_set(err, fd, "%s", strerror(-fd));
	if (fstat(fd, &st) < 0)
		return pt_error_set(err, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return pt_error_set(err, -EINVAL, "not a file");
	if (st.st_size > (off_t)PT_ROM_SIZE_MAX)
		return pt_error_set(err, -EFBIG, "larger than 16 MiB, as no expansion ROM is");
	size = (size_t)st.st_size;
	bytes = malloc(size ? size : 1);
	if (!bytes)
		return pt_error_set(err, -ENOMEM, "out of memory");
	ret = read_whole(fd, bytes, size);
	if (ret < 0)
		return pt_error_set(err, ret, "%s", strerror(-ret));
	ret = pt_rom_check(bytes, size, err);
	if (ret < 0)
		return ret;
	*ret_bytes = TAKE_PTR(bytes);
	*ret_size = size;
	return 0;
}

int rom_file_read(const struct pt_sys *sys, const char *path, void **ret_bytes, size_t *ret_size,
		  struct pt_error *err)
{
	int ret = read_rom(sys, path, ret_bytes, ret_size, err);

	if (ret == 0)
		return 0;
	(void)pt_error_prefix(err, ret, "expansion ROM %s", path);
	return pt_error_remedy(
		err, ret,
		"name a ROM image, by rom=FILE, in a folder of --hotplug-files where the guest runs "
		"already; rom=off shows the guest none");
}

int rom_files_measure(const struct pt_sys *sys, const struct vm_config *config,
		      struct host_facts *facts, struct pt_error *err)
{
	for (size_t i = 0; i < config->device_count && i < facts->device_count; i++) {
		const struct vm_config_device *device = &config->devices[i];
		CLEANUP_FREE void *bytes = NULL;
		size_t size = 0;
		int ret;

		if (device->rom != VM_ROM_FILE)
			continue;
		ret = rom_file_read(sys, device->rom_file, &bytes, &size, err);
		if (ret < 0) {
			(void)pt_error_prefix(err, ret, "%s", facts->devices[i].host.name);
			return pt_error_remedy(
				err, ret,
				"--device %s,rom=off shows the guest none (in the file, rom: off); "
				"or name a ROM image, by rom=FILE",
				device->name);
		}
		facts->devices[i].rom_file_size = size;
	}
	return 0;
}
