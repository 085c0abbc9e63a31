/* SPDX-License-Identifier: MIT */
#include "inventory/mdevs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more element. Return: the array, NULL when there is no memory, and the old one stays. */
static void *grow(void *array, size_t count, size_t size)
{
	return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

static int add_type(void *arg, const struct pt_host_mdev_type *type)
{
	struct mdevs *mdevs = arg;
	void *grown = grow(mdevs->types, mdevs->type_count, sizeof(*mdevs->types));

	if (!grown)
		return -ENOMEM;
	mdevs->types = grown;
	mdevs->types[mdevs->type_count++] = *type;
	return 0;
}

static int add_mdev(void *arg, const struct pt_host_mdev *mdev)
{
	struct mdevs *mdevs = arg;
	void *grown = grow(mdevs->parents, mdevs->device_count, sizeof(*mdevs->parents));

	if (!grown)
		return -ENOMEM;
	mdevs->parents = grown;
	mdevs->parents[mdevs->device_count++] = *mdev;
	return 0;
}

static int by_parent(const void *a, const void *b)
{
	const struct pt_host_mdev_type *left = a, *right = b;
	int order = strcmp(left->parent, right->parent);

	return order ? order : strcmp(left->id, right->id);
}

static int by_uuid(const void *a, const void *b)
{
	const struct pt_host_mdev *left = a, *right = b;

	return strcmp(left->uuid, right->uuid);
}

/* Those that vanished since they were listed leave no hole. */
static int describe(const struct pt_sys *sys, struct mdevs *mdevs, struct pt_error *err)
{
	struct interrupts interrupts = {0};
	size_t count = 0;

	mdevs->devices = calloc(mdevs->device_count + 1, sizeof(*mdevs->devices));
	if (!mdevs->devices)
		return pt_error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < mdevs->device_count; i++) {
		struct inventory_device *device = &mdevs->devices[count];

		if (pt_host_read(sys, mdevs->parents[i].uuid, &device->host, err) < 0)
			continue;
		inventory_describe(sys, NULL, &interrupts, device);
		mdevs->parents[count++] = mdevs->parents[i];
	}
	mdevs->device_count = count;
	return 0;
}

int mdevs_read(const struct pt_sys *sys, struct mdevs *ret_mdevs, struct pt_error *err)
{
	struct mdevs mdevs = {0};
	int ret = pt_host_mdev_types(sys, add_type, &mdevs, err);

	if (ret == 0)
		ret = pt_host_mdevs(sys, add_mdev, &mdevs, err);
	if (ret == 0 && mdevs.type_count)
		qsort(mdevs.types, mdevs.type_count, sizeof(*mdevs.types), by_parent);
	if (ret == 0 && mdevs.device_count)
		qsort(mdevs.parents, mdevs.device_count, sizeof(*mdevs.parents), by_uuid);
	if (ret == 0)
		ret = describe(sys, &mdevs, err);
	if (ret < 0)
		mdevs_done(&mdevs);
	else
		*ret_mdevs = mdevs;
	return ret;
}

void mdevs_done(struct mdevs *mdevs)
{
	free(mdevs->types);
	free(mdevs->parents);
	free(mdevs->devices);
	*mdevs = (struct mdevs){0};
}
