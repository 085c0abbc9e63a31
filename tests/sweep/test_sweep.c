/* SPDX-License-Identifier: MIT */
/*
 * The failure sweep: what happens in a guest's life, by every way to have devices, once for every call that can fail, with
 * that call failing. For each run:
 *
 *   - a failure on the way up is returned, with the errno of the call that failed and a message that names the thing;
 *   - a failure while the guest uses the device is reported, since a guest's write returns nothing;
 *   - a failure on the way down stops nothing: those calls cannot fail;
 *   - a device that cannot be plugged in leaves the others as they are;
 *   - nothing is left open, mapped, pinned, allocated, bound or in the guest;
 *   - the same thing done again at once, without a fault, works.
 *
 * The sweep of a case ends with the run in which the fault did not fire any more.
 */
#include "life.h"

/* Scenarios. Each returns what the first step on the way up returned that failed. */

static int launch(struct life *life)
{
	int ret = life_boot(life, false);

	if (ret == 0)
		life_use(life, &life->first);
	return ret;
}

static int second_device(struct life *life)
{
	int ret = life_boot(life, true);

	if (ret == 0)
		life_use(life, &life->first);
	if (ret == 0)
		life_use(life, &life->second);
	return ret;
}

static unsigned reports(const struct life *life)
{
	return life->first.guest->reports + life->second.guest->reports;
}

/* Into a guest at work; if it fails, the guest goes on with what it has. */
static int hot_plug(struct life *life)
{
	int ret = life_boot(life, false);
	unsigned before;

	if (ret)
		return ret;
	life_use(life, &life->first);
	ret = life_plug(life, &life->second);
	if (ret == 0) {
		life_use(life, &life->second);
		return 0;
	}
	life_unplug(life, &life->second);
	before = reports(life);
	life_use(life, &life->first);
	cr_assert_eq(reports(life), before, "the other device: %s",
		     life->first.guest->report.message);
	return ret;
}

static int reset(struct life *life)
{
	int ret = life_boot(life, false);

	if (ret)
		return ret;
	life_use(life, &life->first);
	life_stage(life, "stop a function", STAGE_DOWN, &life->first);
	pt_function_stop(life->first.function);
	ret = life_start(life, &life->first);
	if (ret == 0)
		life_use(life, &life->first);
	return ret;
}

/* The guest itself puts the function to sleep and wakes it, and resets it. */
static int guest_reset(struct life *life)
{
	struct plugged *plugged = &life->first;
	int fd, ret = life_boot(life, false);

	if (ret)
		return ret;
	life_stage(life, "listen to a device", STAGE_UP, plugged);
	ret = pt_device_event(plugged->device, PT_EVENT_REQ, &fd, &life->err);
	/* A device without the event is no reason to give up. */
	if (ret && ret != -ENOENT)
		return ret;
	life_use(life, plugged);
	pt_function_config_write(plugged->function, LIFE_POWER, 2, 3);
	pt_function_config_write(plugged->function, LIFE_POWER, 2, 0);
	pt_function_config_write(plugged->function, LIFE_DEVICE_CONTROL, 2, 0x8000);
	life_use(life, plugged);
	return 0;
}

/* Out of a guest at work, and in again. */
static int unplug(struct life *life)
{
	int ret = second_device(life);

	if (ret)
		return ret;
	life_unplug(life, &life->second);
	life_use(life, &life->first);
	ret = life_plug(life, &life->second);
	if (ret == 0)
		life_use(life, &life->second);
	return ret;
}

struct scenario {
	const char *name;
	int (*live)(struct life *life);
	const char *second; /* the other function; of the first one's group or not */
	int second_group;
};

static const struct scenario scenarios[] = {
	{"launch", launch, "0000:03:00.0", 27},
	{"second device", second_device, "0000:03:00.0", 27},
	{"second function of a group", second_device, "0000:02:00.1", 26},
	{"hot-plug", hot_plug, "0000:03:00.0", 27},
	{"hot-plug of a function of a group", hot_plug, "0000:02:00.1", 26},
	{"reset", reset, "0000:03:00.0", 27},
	{"guest's reset", guest_reset, "0000:03:00.0", 27},
	{"unplug", unplug, "0000:03:00.0", 27},
	{"unplug of a function of a group", unplug, "0000:02:00.1", 26},
};

/* Memory that devices write is kept track of while one comes and goes. */
static int dirty_pages(struct life *life)
{
	uint64_t bitmap[LIFE_MIB * 2 / 4096 / 64] = {0};
	int ret = life_boot(life, false);

	if (ret)
		return ret;
	life_stage(life, "track dirty pages", STAGE_UP, NULL);
	ret = pt_space_dirty_start(life->space, &life->err);
	/* An IOMMU that could not be asked has no dirty bits. */
	if (ret == -EOPNOTSUPP && strstr(model_fault(life->model)->where, "IOMMU_GET_HW_INFO"))
		return strstr(life->err.message, life->first.bdf) ? 0 : ret;
	if (ret == 0)
		ret = life_plug(life, &life->second);
	if (ret == -EOPNOTSUPP && strstr(model_fault(life->model)->where, "IOMMU_GET_HW_INFO"))
		return strstr(life->err.message, life->second.bdf) ? 0 : ret;
	if (ret)
		return ret;
	life_unplug(life, &life->second);
	life_stage(life, "read dirty pages", STAGE_UP, NULL);
	ret = pt_space_dirty_read(life->space, 0, 2 * LIFE_MIB, 4096, bitmap, &life->err);
	life_stage(life, "track them no more", STAGE_DOWN, NULL);
	pt_space_dirty_stop(life->space);
	return ret;
}

/** struct kind - a kernel and a device that differ from what they are else */
struct kind {
	const char *name;
	bool map_file;
	bool noresize;
	bool conventional;   /* 256 bytes of config space */
	bool only_bus_reset; /* the first function has no reset of its own */
	bool tracks_dirty;   /* two IOMMUs that differ, with dirty bits */
};

static const struct kind usual = {.name = "6.12"};

struct sweep {
	const struct way *way;
	const struct scenario *scenario;
	const struct kind *kind;
};

static struct model *host_of(const struct sweep *sweep)
{
	struct model *model = model_new();
	struct model_pci first = model_nvme(LIFE_FIRST, 26);
	struct model_pci second =
		model_nvme(sweep->scenario->second, sweep->scenario->second_group);
	struct model_device *device;

	first.config_size = second.config_size = sweep->kind->conventional ? 256 : 4096;
	first.noresize = sweep->kind->noresize;
	model_host(model)->map_file = sweep->kind->map_file;
	if (sweep->way->host)
		sweep->way->host(model);
	device = model_add(model, &first);
	device->no_reset = sweep->kind->only_bus_reset;
	device->tracks_dirty = sweep->kind->tracks_dirty;
	device = model_add(model, &second);
	device->tracks_dirty = sweep->kind->tracks_dirty;
	device->iommu = sweep->kind->tracks_dirty;
	return model;
}

static int live(const struct sweep *sweep, struct life *life)
{
	int ret = sweep->scenario->live(life);

	life_end(life);
	return ret;
}

/* A failure that is documented not to be one. */
static bool tolerated(const struct life *life)
{
	const struct model_fault *fault = model_fault(life->model);
	bool bus_was_reset = model_calls(life->model, 0, "VFIO_DEVICE_PCI_HOT_RESET") > 0;

	/* MAP takes what MAP_FILE does not. */
	if (strstr(fault->where, "IOMMU_IOAS_MAP_FILE"))
		return fault->error == -EINVAL;
	/* Then pages are counted for the user; then dirty pages are not tracked. */
	if (strstr(fault->where, "IOMMU_OPTION") || strstr(fault->where, "IOMMU_GET_HW_INFO"))
		return true;
	/* A page table that says EINVAL is another IOMMU's, and one more is made. */
	if (strstr(fault->where, "VFIO_DEVICE_ATTACH_IOMMUFD_PT"))
		return fault->error == -EINVAL &&
		       model_calls(life->model, 0, "IOMMU_HWPT_ALLOC") > 1;
	/* Drivers say EINVAL to what they do not have: the VGA region, an interrupt index. */
	if (strstr(fault->where, "GET_REGION_INFO 8") || strstr(fault->where, "GET_IRQ_INFO"))
		return fault->error == -EINVAL;
	/* A sibling may be gone since the group was listed. */
	if (strstr(fault->where, "class"))
		return fault->error == -ENODEV;
	/* A reset that fails, or cannot be looked at after, is done by the bus. */
	if (strstr(fault->where, "VFIO_DEVICE_RESET") || strstr(fault->where, "0x70000000000 256"))
		return bus_was_reset;
	/* And what cannot be done at attach is done at start. */
	if (!strcmp(life->fired.name, "attach a device") && bus_was_reset)
		return true;
	/* Low power that is not known to be safe is not entered. */
	if (strstr(fault->where, "d3cold_allowed"))
		return true;
	/* A vector that is armed anew is signalled once; an eventfd whose write fails is signalled already. */
	return !strncmp(fault->where, "write ", 6);
}

static void judge_up(const struct life *life, int ret, const char *what)
{
	int code = life_fault_code(life);

	if (ret == 0 && tolerated(life))
		return;
	cr_assert_eq(ret, code, "%s, fails with %d: got %d (%s)", what, code, ret,
		     life->err.message);
	cr_assert_eq(life->err.code, ret);
	cr_assert(life_names_the_thing(life, life->err.message), "%s: \"%s\"", what,
		  life->err.message);
}

static void judge_use(const struct life *life, int ret, const char *what)
{
	const struct model_fault *fault = model_fault(life->model);
	const struct guest *guest = life->fired.plugged->guest;

	/* An interrupt that could not be turned off, or a device that is lost, is in the way of a later start. */
	cr_assert(ret == 0 || ((strstr(fault->where, "SET_IRQS") || fault->error == -ENODEV) &&
			       life_names_the_thing(life, life->err.message)),
		  "%s: got %d (%s)", what, ret, life->err.message);
	cr_assert(guest->reports > 0 || tolerated(life), "%s: not reported", what);
	cr_assert_eq(guest->reports, reports(life), "%s: reported to another guest", what);
	cr_assert(guest->reports == 0 || life_names_the_thing(life, guest->report.message),
		  "%s: \"%s\"", what, guest->report.message);
}

static void judge(const struct sweep *sweep, struct life *life, unsigned n, int ret)
{
	char what[MODEL_TEXT * 2];

	(void)snprintf(what, sizeof(what), "%s by %s, call %u, %s (to %s)", sweep->scenario->name,
		       sweep->way->name, n, model_fault(life->model)->where, life->fired.name);
	if (life->fired.kind == STAGE_UP)
		judge_up(life, ret, what);
	else if (life->fired.kind == STAGE_USE)
		judge_use(life, ret, what);
	life_check_left(life, what);
}

/* Again at once, on the same host, without a fault. */
static void again(const struct sweep *sweep, struct model *model, unsigned n)
{
	struct life life;
	char where[MODEL_TEXT];
	int ret;

	memcpy(where, model_fault(model)->where, sizeof(where));
	memset(model_fault(model), 0, sizeof(*model_fault(model)));
	life = life_new(model, sweep->way, sweep->scenario->second);
	ret = live(sweep, &life);
	cr_assert_eq(ret, 0, "%s by %s, after call %u, %s, had failed: %s", sweep->scenario->name,
		     sweep->way->name, n, where, life.err.message);
	cr_assert_eq(reports(&life), 0, "after call %u, %s, had failed: %s", n, where,
		     life.first.guest->report.message);
	life_clear_away(&life);
	check_clean(model);
}

/* Return: how many calls could fail. */
static unsigned sweep_error(const struct sweep *sweep, int error)
{
	for (unsigned n = 1;; n++) {
		struct life life = life_new(host_of(sweep), sweep->way, sweep->scenario->second);
		int ret;

		*model_fault(life.model) = (struct model_fault){.countdown = n, .error = error};
		ret = live(sweep, &life);
		if (!model_fault(life.model)->fired) {
			cr_assert_eq(ret, 0, "%s", life.err.message);
			life_clear_away(&life);
			check_clean(life.model);
			model_free(life.model);
			return n - 1;
		}
		judge(sweep, &life, n, ret);
		again(sweep, life.model, n);
		model_free(life.model);
	}
}

static void sweep_errors(const struct sweep *sweep)
{
	static const int errors[] = {-EIO, -ENODEV, -EINVAL, -EPERM, -ENOMEM};
	/* The longer lives have a launch in them, which is swept with all of them. */
	size_t count = sweep->scenario == &scenarios[0] ? sizeof(errors) / sizeof(errors[0]) : 3;
	unsigned calls = 0;

	for (size_t i = 0; i < count; i++)
		calls = sweep_error(sweep, errors[i]);
	printf("%s, %s, %s: %u calls, each failed once with each of %zu errors\n", sweep->way->name,
	       sweep->scenario->name, sweep->kind->name, calls, count);
}

/* Every scenario by every way. */

static void all_ways(const char *scenario, const struct kind *kind)
{
	unsigned found = 0;

	for (size_t s = 0; s < sizeof(scenarios) / sizeof(scenarios[0]); s++) {
		if (strncmp(scenarios[s].name, scenario, strlen(scenario)))
			continue;
		found++;
		for (size_t w = 0; w < WAYS; w++)
			sweep_errors(&(struct sweep){&ways[w], &scenarios[s], kind});
	}
	cr_assert_gt(found, 0);
}

Test(sweep, launch)
{
	all_ways("launch", &usual);
}

Test(sweep, second_device)
{
	all_ways("second", &usual);
}

Test(sweep, hot_plug)
{
	all_ways("hot-plug", &usual);
}

Test(sweep, reset)
{
	all_ways("reset", &usual);
}

Test(sweep, guest_reset)
{
	all_ways("guest's reset", &usual);
}

Test(sweep, unplug)
{
	all_ways("unplug", &usual);
}

/* Kernels and devices of other kinds. */

Test(sweep, newer_kernel)
{
	all_ways("launch", &(struct kind){.name = "map_file", .map_file = true});
}

Test(sweep, noresize_device)
{
	all_ways("launch", &(struct kind){.name = "noresize", .noresize = true});
}

Test(sweep, conventional_device)
{
	all_ways("launch",
		 &(struct kind){.name = "256 bytes of config space", .conventional = true});
}

Test(sweep, device_with_only_a_bus_reset)
{
	const struct kind kind = {.name = "only a bus reset", .only_bus_reset = true};

	all_ways("launch", &kind);
	all_ways("reset", &kind);
	all_ways("guest's reset", &kind);
}

/* Groups and devices without an IOMMU have no dirty bits. */
Test(sweep, dirty_pages)
{
	const struct scenario scenario = {"dirty pages", dirty_pages, "0000:03:00.0", 27};
	const struct kind kind = {.name = "6.12", .tracks_dirty = true};

	sweep_errors(&(struct sweep){&ways[0], &scenario, &kind});
}
