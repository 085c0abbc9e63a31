/* SPDX-License-Identifier: MIT */
#include "kvm/routes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LEGACY_ROUTES (ROUTES_IOAPIC_PINS + ROUTES_PIC_PINS)

void kvm_routes_init(struct kvm_routes *routes, const struct kvm *kvm)
{
	*routes = (struct kvm_routes){
		.kvm = kvm,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.limit = (unsigned)kvm_capability(kvm, KVM_CAP_IRQ_ROUTING),
	};
}

void kvm_routes_done(struct kvm_routes *routes)
{
	free(routes->routes);
	routes->routes = NULL;
	routes->capacity = 0;
}

/* Return: the route of a message GSI, NULL for another number. */
static struct kvm_route *find(struct kvm_routes *routes, unsigned gsi)
{
	unsigned index = gsi - ROUTES_IOAPIC_PINS;

	if (gsi < ROUTES_IOAPIC_PINS || index >= routes->capacity || !routes->routes[index].used)
		return NULL;
	return &routes->routes[index];
}

static int grow(struct kvm_routes *routes)
{
	unsigned max = routes->limit > LEGACY_ROUTES ? routes->limit - LEGACY_ROUTES : 0;
	unsigned capacity = routes->capacity ? routes->capacity * 2 : 32;
	struct kvm_route *grown;

	if (capacity > max)
		capacity = max;
	if (capacity <= routes->capacity)
		return -ENOSPC;
	grown = realloc(routes->routes, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + routes->capacity, 0, (capacity - routes->capacity) * sizeof(*grown));
	routes->routes = grown;
	routes->capacity = capacity;
	return 0;
}

int kvm_routes_alloc(struct kvm_routes *routes, unsigned *ret_gsi, struct pt_error *err)
{
	unsigned index = 0;
	int r = 0;

	pthread_mutex_lock(&routes->lock);
	while (index < routes->capacity && routes->routes[index].used)
		index++;
	if (index == routes->capacity)
		r = grow(routes);
	if (!r) {
		routes->routes[index] = (struct kvm_route){.used = true};
		*ret_gsi = ROUTES_IOAPIC_PINS + index;
	}
	pthread_mutex_unlock(&routes->lock);
	if (r)
		return pt_error_set(err, r, "no interrupt route is left (KVM has %u)",
				    routes->limit);
	return 0;
}

void kvm_routes_free(struct kvm_routes *routes, unsigned gsi)
{
	struct kvm_route *route;

	pthread_mutex_lock(&routes->lock);
	route = find(routes, gsi);
	if (route) {
		routes->dirty = routes->dirty || route->routed;
		*route = (struct kvm_route){.used = false};
	}
	pthread_mutex_unlock(&routes->lock);
}

int kvm_routes_set(struct kvm_routes *routes, unsigned gsi, uint64_t address, uint32_t data,
		   struct pt_error *err)
{
	struct kvm_route *route;

	if (address >> 32 & 0xff)
		return pt_error_set(err, -EINVAL, "no interrupt can go to address 0x%" PRIx64,
				    address);
	pthread_mutex_lock(&routes->lock);
	route = find(routes, gsi);
	if (route && (!route->routed || route->address != address || route->data != data)) {
		route->routed = true;
		route->address = address;
		route->data = data;
		routes->dirty = true;
	}
	pthread_mutex_unlock(&routes->lock);
	if (!route)
		return pt_error_set(err, -EINVAL, "GSI %u has no route to set", gsi);
	return 0;
}

static struct kvm_irq_routing_entry legacy_entry(unsigned gsi, unsigned chip, unsigned pin)
{
	return (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = {.irqchip = chip, .pin = pin},
	};
}

static unsigned fill(const struct kvm_routes *routes, struct kvm_irq_routing_entry *entries)
{
	unsigned count = 0;

	for (unsigned gsi = 0; gsi < ROUTES_IOAPIC_PINS; gsi++) {
		entries[count++] = legacy_entry(gsi, KVM_IRQCHIP_IOAPIC, gsi);
		if (gsi < ROUTES_PIC_PINS)
			entries[count++] = legacy_entry(
				gsi, gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
				gsi & 7);
	}
	for (unsigned i = 0; i < routes->capacity; i++) {
		const struct kvm_route *route = &routes->routes[i];

		if (!route->used || !route->routed)
			continue;
		entries[count++] = (struct kvm_irq_routing_entry){
			.gsi = ROUTES_IOAPIC_PINS + i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = {.address_lo = (uint32_t)route->address,
				  .address_hi = (uint32_t)(route->address >> 32),
				  .data = route->data},
		};
	}
	return count;
}

static int commit_locked(struct kvm_routes *routes)
{
	struct kvm_irq_routing *table;
	int r;

	if (!routes->dirty)
		return 0;
	table = calloc(1, sizeof(*table) +
				  (LEGACY_ROUTES + routes->capacity) * sizeof(table->entries[0]));
	if (!table)
		return -ENOMEM;
	table->nr = fill(routes, table->entries);
	r = kvm_ioctl(routes->kvm, routes->kvm->vm_fd, KVM_SET_GSI_ROUTING, table);
	free(table);
	if (r < 0)
		return r;
	routes->dirty = false;
	routes->commits++;
	return 0;
}

int kvm_routes_commit(struct kvm_routes *routes, struct pt_error *err)
{
	int r;

	pthread_mutex_lock(&routes->lock);
	r = commit_locked(routes);
	pthread_mutex_unlock(&routes->lock);
	if (r)
		return pt_error_set(err, r, "KVM: cannot set interrupt routes: %s", strerror(-r));
	return 0;
}
