/* SPDX-License-Identifier: MIT */
/* Peer-to-peer: one device's BARs in the space, for the other devices. */
#include "check.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define TIB (1ull << 40)

#define PM	0x60
#define EXPRESS 0x80

/* Two functions of one guest, each with its own fake guest, in one space. */
struct pair {
	struct model *model;
	struct pt_space *space;
	struct pt_device *devices[2];
	struct pt_function *functions[2];
	struct guest *guests[2];
	struct pt_error err;
};

/* BAR 0: 16 KiB with the MSI-X table in its third page. BAR 2: 64 MiB. BAR 4: ports. */
static struct model_pci card(const char *bdf, int group)
{
	struct model_pci pci = {.bdf = bdf, .driver = "vfio-pci", .group = group};

	model_config_init(&pci, 0x10de, 0x2330, 0x030200);
	pci.bars[0] = (struct model_bar){.size = 0x4000, .is_64bit = true};
	pci.bars[2] = (struct model_bar){.size = 64 * MIB, .is_64bit = true, .prefetchable = true};
	pci.bars[4] = (struct model_bar){.size = 0x100, .io = true};
	model_config_pm(&pci, PM);
	model_config_express(&pci, EXPRESS);
	model_config_msix(&pci, 0x40, 8, 0, 0x2000, 0, 0x2800);
	return pci;
}

static void add(struct pair *pair, unsigned i, bool peers)
{
	static const char *const names[] = {"0000:02:00.0", "0000:03:00.0"};
	struct pt_function_setup setup = {
		.peer_to_peer = peers,
		.bar_address = {(i + 1) * TIB, 0, (i + 1) * TIB + 64 * MIB, 0, 0x1000 + 0x100 * i}};
	struct model_pci pci = card(names[i], 26 + (int)i);

	model_add(pair->model, &pci);
	check_ok(pt_device_open(pair->space, names[i], NULL, &pair->devices[i], &pair->err),
		 pair->err);
	check_ok(pt_device_attach(pair->devices[i], &pair->err), pair->err);
	pair->guests[i] = guest_new(pair->model);
	check_ok(pt_function_create(pair->devices[i], &setup, &guest_ops, pair->guests[i],
				    &pair->functions[i], &pair->err),
		 pair->err);
	check_ok(pt_function_start(pair->functions[i], &pair->err), pair->err);
}

static struct pair pair_up_by(enum pt_backend_kind backend, bool kernel_has_it, bool peers)
{
	const struct pt_space_setup setup = {.backend = backend};
	struct pair pair = {.model = model_new()};

	model_host(pair.model)->map_file = kernel_has_it;
	model_host(pair.model)->dma_buf = kernel_has_it;
	check_ok(pt_space_open(model_sys(pair.model), &setup, &pair.space, &pair.err), pair.err);
	add(&pair, 0, peers);
	add(&pair, 1, peers);
	return pair;
}

static struct pair pair_up(bool kernel_has_it, bool peers)
{
	return pair_up_by(PT_BACKEND_CDEV, kernel_has_it, peers);
}

static void pair_down(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		pt_function_destroy(pair->functions[i]);
		cr_assert_eq(guest_left(pair->guests[i]), 0);
		pt_device_close(pair->devices[i]);
	}
	pt_space_close(pair->space);
	check_clean(pair->model);
	model_free(pair->model);
}

static void decode(const struct pair *pair, unsigned i, bool on)
{
	pt_function_config_write(pair->functions[i], CFG_COMMAND, 2, on ? COMMAND_MEM : 0);
}

static uint64_t bars(const struct pair *pair)
{
	return pt_space_stats(pair->space).bars;
}

Test(peers, what_is_memory_in_the_guest_is_memory_for_its_devices)
{
	struct pair pair = pair_up(true, true);

	cr_assert_eq(bars(&pair), 0);
	decode(&pair, 0, true);
	cr_assert_eq(bars(&pair), 3);
	cr_assert(model_ioas_find(pair.model, TIB, 0x2000));
	cr_assert(model_ioas_find(pair.model, TIB + 0x3000, 0x1000), "less the MSI-X table's page");
	cr_assert(model_ioas_find(pair.model, TIB + 64 * MIB, 64 * MIB));
	decode(&pair, 1, true);
	cr_assert_eq(bars(&pair), 6);
	cr_assert(model_ioas_find(pair.model, 2 * TIB + 64 * MIB, 64 * MIB));
	cr_assert_eq(pt_space_stats(pair.space).maps, 0, "they are not counted as memory");
	cr_assert_eq(pt_space_stats(pair.space).bytes, 0);
	cr_assert_eq(pair.guests[0]->reports + pair.guests[1]->reports, 0);
	pair_down(&pair);
}

/* The model takes it as a violation when a BAR is still mapped as decoding ends. */
Test(peers, off_and_on_maps_anew)
{
	struct pair pair = pair_up(true, true);
	unsigned mark;

	decode(&pair, 0, true);
	for (unsigned i = 0; i < 3; i++) {
		mark = model_mark(pair.model);
		decode(&pair, 0, false);
		cr_assert_eq(bars(&pair), 0);
		cr_assert(model_ordered(pair.model, mark, "IOMMU_IOAS_UNMAP", "config write 0x4"));
		mark = model_mark(pair.model);
		decode(&pair, 0, true);
		cr_assert_eq(bars(&pair), 3);
		cr_assert_eq(model_calls(pair.model, mark, "VFIO_DEVICE_FEATURE"), 3);
		cr_assert(
			model_ordered(pair.model, mark, "config write 0x4", "VFIO_DEVICE_FEATURE"));
		cr_assert(model_ordered(pair.model, mark, "VFIO_DEVICE_FEATURE",
					"IOMMU_IOAS_MAP_FILE"));
	}
	cr_assert_eq(pair.guests[0]->reports, 0);
	pair_down(&pair);
}

Test(peers, power_states)
{
	struct pair pair = pair_up(true, true);

	decode(&pair, 0, true);
	pt_function_config_write(pair.functions[0], PM + 4, 2, 3);
	cr_assert_eq(bars(&pair), 0);
	pt_function_config_write(pair.functions[0], PM + 4, 2, 0);
	cr_assert_eq(bars(&pair), 3);
	pair_down(&pair);
}

Test(peers, a_reset_of_the_guests)
{
	struct pair pair = pair_up(true, true);

	decode(&pair, 0, true);
	decode(&pair, 1, true);
	pt_function_config_write(pair.functions[0], EXPRESS + 8, 2, 0x8000);
	cr_assert_eq(bars(&pair), 3, "the other function's stay");
	decode(&pair, 0, true);
	cr_assert_eq(bars(&pair), 6);
	pair_down(&pair);
}

Test(peers, a_bar_that_moves)
{
	struct pair pair = pair_up(true, true);

	decode(&pair, 0, true);
	pt_function_config_write(pair.functions[0], CFG_BAR(3), 4, 3 * TIB >> 32);
	cr_assert_not(model_ioas_find(pair.model, TIB + 64 * MIB, 64 * MIB));
	cr_assert(model_ioas_find(pair.model, 3 * TIB + 64 * MIB, 64 * MIB));
	cr_assert_eq(bars(&pair), 3);
	pair_down(&pair);
}

Test(peers, not_asked_for)
{
	struct pair pair = pair_up(true, false);

	decode(&pair, 0, true);
	cr_assert_eq(bars(&pair), 0);
	cr_assert_eq(model_calls(pair.model, 0, "VFIO_DEVICE_FEATURE"), 0);
	pair_down(&pair);
}

/* The second device comes while the first one's BARs are in the guest, and goes again. */
Test(peers, of_a_device_that_gets_company_later)
{
	struct pair pair = pair_up(true, false);

	decode(&pair, 0, true);
	cr_assert_eq(bars(&pair), 0);
	pt_function_set_peers(pair.functions[0], 1);
	cr_assert_eq(bars(&pair), 3, "at once");
	cr_assert(model_ioas_find(pair.model, TIB + 64 * MIB, 64 * MIB));
	pt_function_set_peers(pair.functions[0], 1);
	cr_assert_eq(bars(&pair), 3, "each once");
	pt_function_set_peers(pair.functions[1], 1);
	cr_assert_eq(bars(&pair), 3, "what is not in the guest waits until it is");
	decode(&pair, 1, true);
	cr_assert_eq(bars(&pair), 6);
	pt_function_set_peers(pair.functions[0], 0);
	cr_assert_eq(bars(&pair), 3);
	decode(&pair, 0, false);
	decode(&pair, 0, true);
	cr_assert_eq(bars(&pair), 3);
	cr_assert_eq(pair.guests[0]->reports + pair.guests[1]->reports, 0);
	pair_down(&pair);
}

/* A BAR of two pieces, of which one was mapped before something failed. */
Test(peers, what_is_missing_is_added)
{
	struct pair pair = pair_up(true, true);

	*model_fault(pair.model) = (struct model_fault){.countdown = 6, .error = -ENOMEM};
	decode(&pair, 0, true);
	cr_assert_lt(bars(&pair), 3, "%s", model_fault(pair.model)->where);
	pt_function_set_peers(pair.functions[0], 1);
	cr_assert_eq(bars(&pair), 3);
	cr_assert_eq(pair.guests[0]->reports, 1);
	pair_down(&pair);
}

Test(peers, a_kernel_without_it_is_told_of_once)
{
	struct pair pair = pair_up(false, true);

	for (unsigned i = 0; i < 2; i++) {
		decode(&pair, 0, true);
		decode(&pair, 1, true);
		cr_assert_not_null(guest_memory(pair.guests[0], TIB + 64 * MIB));
		cr_assert_not_null(guest_memory(pair.guests[1], 2 * TIB + 64 * MIB));
		decode(&pair, 0, false);
		decode(&pair, 1, false);
	}
	cr_assert_eq(bars(&pair), 0);
	cr_assert_eq(pair.guests[0]->reports, 1);
	cr_assert_eq(pair.guests[1]->reports, 0, "once for the space");
	cr_assert_eq(pair.guests[0]->severity, PT_WARNING);
	cr_assert(strstr(pair.guests[0]->report.message, "peer-to-peer DMA"), "%s",
		  pair.guests[0]->report.message);
	check_remedy(pair.guests[0]->report, "6.19");
	pair_down(&pair);
}

Test(peers, an_address_that_the_iommu_does_not_translate)
{
	struct pair pair = pair_up(true, true);
	uint64_t far = 1ull << 44;

	model_host(pair.model)->aperture_bits = 42;
	pt_function_config_write(pair.functions[0], CFG_BAR(3), 4, (uint32_t)(far >> 32));
	for (unsigned i = 0; i < 3; i++) {
		decode(&pair, 0, true);
		cr_assert_not_null(guest_memory(pair.guests[0], far + 64 * MIB),
				   "the guest has it all the same");
		cr_assert_eq(bars(&pair), 2, "and the other BAR is mapped");
		decode(&pair, 0, false);
	}
	cr_assert_eq(pair.guests[0]->reports, 1, "a guest cannot fill the log with it");
	cr_assert_eq(pair.guests[0]->severity, PT_WARNING);
	cr_assert(strstr(pair.guests[0]->report.message,
			 "0000:02:00.0: BAR 2: other devices cannot reach it: IOVA 0x100004000000"),
		  "%s", pair.guests[0]->report.message);
	cr_assert(strstr(pair.guests[0]->report.message, "not within what the devices' IOMMU"),
		  "%s", pair.guests[0]->report.message);
	pair_down(&pair);
}

Test(peers, memory_wins_over_a_bar_at_its_address)
{
	struct pair pair = pair_up(true, true);
	const struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	check_ok(pt_space_map(pair.space, TIB + 64 * MIB, 2 * MIB, &memory, PT_MAP_READ, &pair.err),
		 pair.err);
	decode(&pair, 0, true);
	cr_assert_eq(bars(&pair), 2);
	cr_assert_eq(pair.guests[0]->reports, 1);
	decode(&pair, 0, false);
	cr_assert(model_ioas_find(pair.model, TIB + 64 * MIB, 2 * MIB));
	pair_down(&pair);
}

Test(peers, a_bar_is_not_the_embedders_to_unmap)
{
	struct pair pair = pair_up(true, true);

	decode(&pair, 0, true);
	check_error(pt_space_unmap(pair.space, TIB + 64 * MIB, 64 * MIB, &pair.err), -ENOENT,
		    pair.err, "not a mapping");
	cr_assert_eq(bars(&pair), 3);
	pair_down(&pair);
}

/* Its BARs are its driver's making, and no kernel could map them. */
Test(peers, a_mediated_device_has_none_and_that_is_no_news)
{
	static const char uuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
	struct pair pair = {.model = model_new()};
	struct pt_function_setup setup = {.peer_to_peer = 1, .bar_address = {0x80000000}};
	struct model_pci mdpy = model_mdpy(uuid, 8);
	struct pt_device *device;
	struct pt_function *function;
	struct guest *guest;

	model_host(pair.model)->map_file = false;
	model_host(pair.model)->dma_buf = false;
	check_ok(pt_space_open(model_sys(pair.model), NULL, &pair.space, &pair.err), pair.err);
	model_add(pair.model, &mdpy);
	check_ok(pt_device_open(pair.space, uuid, NULL, &device, &pair.err), pair.err);
	check_ok(pt_device_attach(device, &pair.err), pair.err);
	guest = guest_new(pair.model);
	check_ok(pt_function_create(device, &setup, &guest_ops, guest, &function, &pair.err),
		 pair.err);
	check_ok(pt_function_start(function, &pair.err), pair.err);
	pt_function_config_write(function, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_not_null(guest_memory(guest, 0x80000000));
	cr_assert_eq(bars(&pair), 0);
	cr_assert_eq(guest->reports, 0, "%s", guest->report.message);
	add(&pair, 0, true);
	add(&pair, 1, true);
	decode(&pair, 0, true);
	cr_assert_eq(pair.guests[0]->reports, 1, "of the device that it is lost to");
	pt_function_destroy(function);
	cr_assert_eq(guest_left(guest), 0);
	pt_device_close(device);
	pair_down(&pair);
}

/* type1 takes a BAR by its address in this process, on kernels without dma-bufs too. */
Test(peers, by_address_with_the_group_backend)
{
	struct pair pair = pair_up_by(PT_BACKEND_GROUP, false, true);

	decode(&pair, 0, true);
	decode(&pair, 1, true);
	cr_assert_eq(bars(&pair), 6);
	cr_assert(model_ioas_find(pair.model, TIB, 0x2000));
	cr_assert(model_ioas_find(pair.model, 2 * TIB + 64 * MIB, 64 * MIB));
	decode(&pair, 0, false);
	cr_assert_eq(bars(&pair), 3);
	cr_assert_not(model_ioas_find(pair.model, TIB, 0x2000));
	cr_assert_eq(model_calls(pair.model, 0, "VFIO_DEVICE_FEATURE"), 0);
	cr_assert_eq(pair.guests[0]->reports + pair.guests[1]->reports, 0);
	pair_down(&pair);
}

/* Whatever fails as a BAR comes and goes: told, the BAR is in the guest or not, nothing is left. */
Test(peers, any_call_that_fails)
{
	static const int errors[] = {-ENOMEM, -EIO, -EINVAL, -ENODEV, -ENOTTY};

	for (unsigned n = 1, fired = 1; fired; n++) {
		fired = 0;
		for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
			struct pair pair = pair_up(true, true);
			struct model_fault *fault = model_fault(pair.model);

			*fault = (struct model_fault){.countdown = n, .error = errors[e]};
			decode(&pair, 0, true);
			decode(&pair, 0, false);
			fired += fault->fired;
			cr_assert(!fault->fired || pair.guests[0]->reports == 1,
				  "call %u, %s, %d: %u reports", n, fault->where, errors[e],
				  pair.guests[0]->reports);
			pair_down(&pair);
		}
		cr_assert(n > 1 || fired);
	}
}
