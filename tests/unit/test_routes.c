/* SPDX-License-Identifier: MIT */
/* The interrupt routing table: legacy entries stay, messages are staged, one call a commit. */
#include "fake_kvm.h"
#include "kvm/routes.h"

static struct fake_kvm *fake;
static struct kvm_routes routes;
static struct pt_error err;

static void up(void)
{
	fake = fake_kvm_new();
	memset(&err, 0, sizeof(err));
	kvm_routes_init(&routes, &fake->kvm);
}

static void down(void)
{
	kvm_routes_done(&routes);
	free(fake);
}

TestSuite(routes, .init = up, .fini = down);

Test(routes, a_hundred_vectors_are_one_call)
{
	unsigned gsi;

	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(kvm_routes_alloc(&routes, &gsi, &err), 0);
		cr_assert_eq(gsi, 24 + i);
		cr_assert_eq(kvm_routes_set(&routes, gsi, 0xfee00000, i, &err), 0);
	}
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_eq(fake_count(fake, KVM_SET_GSI_ROUTING), 1);
	cr_assert_eq(routes.commits, 1);
	cr_assert_eq(fake->table_size, 40 + 100);
	cr_assert_eq(fake_route(fake, 24 + 99)->u.msi.data, 99);
}

Test(routes, legacy_inputs_are_always_there)
{
	unsigned gsi, ioapic = 0, pic = 0;

	cr_assert_eq(kvm_routes_alloc(&routes, &gsi, &err), 0);
	cr_assert_eq(kvm_routes_set(&routes, gsi, 0xfee01000, 0x41, &err), 0);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	for (unsigned i = 0; i < fake->table_size; i++) {
		const struct kvm_irq_routing_entry *entry = &fake->table[i];

		if (entry->type != KVM_IRQ_ROUTING_IRQCHIP)
			continue;
		if (entry->u.irqchip.irqchip == KVM_IRQCHIP_IOAPIC) {
			cr_assert_eq(entry->u.irqchip.pin, entry->gsi);
			ioapic++;
		} else {
			cr_assert_eq(entry->u.irqchip.pin, entry->gsi % 8);
			cr_assert_eq(entry->u.irqchip.irqchip == KVM_IRQCHIP_PIC_SLAVE,
				     entry->gsi >= 8);
			pic++;
		}
	}
	cr_assert_eq(ioapic, 24);
	cr_assert_eq(pic, 16);
}

Test(routes, destinations_beyond_8_bits_go_into_the_high_address)
{
	unsigned gsi;

	cr_assert_eq(kvm_routes_alloc(&routes, &gsi, &err), 0);
	cr_assert_eq(kvm_routes_set(&routes, gsi, 0x1200fee34000, 0x55, &err), 0);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_eq(fake_route(fake, gsi)->u.msi.address_lo, 0xfee34000);
	cr_assert_eq(fake_route(fake, gsi)->u.msi.address_hi, 0x1200);
}

Test(routes, an_address_that_KVM_would_refuse_never_reaches_the_table)
{
	unsigned gsi;

	cr_assert_eq(kvm_routes_alloc(&routes, &gsi, &err), 0);
	cr_assert_eq(kvm_routes_set(&routes, gsi, 0x1fee00000, 0, &err), -EINVAL);
	cr_assert_neq(strstr(err.message, "0x1fee00000"), NULL);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_eq(fake->count, 0, "nothing was staged, nothing is to be committed");
}

Test(routes, freed_numbers_are_used_again_and_leave_the_table)
{
	unsigned first, second, again;

	cr_assert_eq(kvm_routes_alloc(&routes, &first, &err), 0);
	cr_assert_eq(kvm_routes_alloc(&routes, &second, &err), 0);
	cr_assert_eq(kvm_routes_set(&routes, first, 0xfee00000, 1, &err), 0);
	cr_assert_eq(kvm_routes_set(&routes, second, 0xfee00000, 2, &err), 0);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	kvm_routes_free(&routes, first);
	cr_assert_eq(kvm_routes_set(&routes, first, 0xfee00000, 3, &err), -EINVAL);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_null(fake_route(fake, first));
	cr_assert_not_null(fake_route(fake, second));
	cr_assert_eq(kvm_routes_alloc(&routes, &again, &err), 0);
	cr_assert_eq(again, first);
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_null(fake_route(fake, again), "allocated, but without a message yet");
}

Test(routes, setting_what_is_set_costs_nothing)
{
	unsigned gsi;

	cr_assert_eq(kvm_routes_alloc(&routes, &gsi, &err), 0);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(kvm_routes_set(&routes, gsi, 0xfee00000, 7, &err), 0);
		cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	}
	cr_assert_eq(fake_count(fake, KVM_SET_GSI_ROUTING), 1);
}

Test(routes, a_failed_commit_can_be_tried_again)
{
	unsigned gsi;

	cr_assert_eq(kvm_routes_alloc(&routes, &gsi, &err), 0);
	cr_assert_eq(kvm_routes_set(&routes, gsi, 0xfee00000, 7, &err), 0);
	fake->fail_request = KVM_SET_GSI_ROUTING;
	fake->fail_code = -ENOMEM;
	cr_assert_eq(kvm_routes_commit(&routes, &err), -ENOMEM);
	fake->fail_request = 0;
	cr_assert_eq(kvm_routes_commit(&routes, &err), 0);
	cr_assert_not_null(fake_route(fake, gsi));
	cr_assert_eq(routes.commits, 1);
}

Test(routes, the_table_ends_where_KVM_says)
{
	unsigned gsi, count = 0;

	fake->routes = 50;
	kvm_routes_done(&routes);
	kvm_routes_init(&routes, &fake->kvm);
	while (!kvm_routes_alloc(&routes, &gsi, &err))
		count++;
	cr_assert_eq(count, 10);
	cr_assert_eq(err.code, -ENOSPC);
}
