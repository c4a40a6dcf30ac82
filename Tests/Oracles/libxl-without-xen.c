/*
 * libxl on a machine without Xen, to be preloaded (LD_PRELOAD): what libvirt's Xen driver, and xl, ask of a host before
 * they look at a guest is answered for a made-up one. So the driver runs, converts and takes domains; and a domain that
 * it starts, or that xl is to start, ends where libxl would create it, with what libxl was given written to the file
 * that LIBXL_CONFIGURATION names, as JSON.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>

/* What libxl looks into where it is not asked for the host: to count its memory, which is zeros at first. */
static _Alignas(16) char context[1 << 16];

enum { CPUS = 8, NODES = 8 };

int libxl_ctx_alloc(libxl_ctx **ctx, int version, unsigned flags, xentoollog_logger *logger)
{
    *ctx = (libxl_ctx *)context;
    return 0;
}

int libxl_ctx_free(libxl_ctx *ctx)
{
    return 0;
}

void libxl_osevent_register_hooks(libxl_ctx *ctx, const libxl_osevent_hooks *hooks, void *user)
{
}

void libxl_childproc_setmode(libxl_ctx *ctx, const libxl_childproc_hooks *hooks, void *user)
{
}

void libxl_event_register_callbacks(libxl_ctx *ctx, const libxl_event_hooks *hooks, void *user)
{
}

const libxl_version_info *libxl_get_version_info(libxl_ctx *ctx)
{
    static libxl_version_info info;
    static char capabilities[128];

    /* Each time, for the driver takes the words apart in their place. */
    strcpy(capabilities, "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ");
    info.xen_version_major = 4;
    info.xen_version_minor = 17;
    info.capabilities = capabilities;
    info.commandline = "dom0_mem=512M";
    info.pagesize = 4096;
    return &info;
}

int libxl_get_physinfo(libxl_ctx *ctx, libxl_physinfo *info)
{
    info->nr_cpus = CPUS;
    info->max_cpu_id = CPUS - 1;
    info->nr_nodes = NODES;
    info->cores_per_socket = CPUS;
    info->threads_per_core = 1;
    info->cap_hvm = info->cap_hap = info->cap_pv = true;
    /* A processor with PAE, VMX and 64 bits. */
    info->hw_cap[0] = 0xbfebfbff;
    info->hw_cap[1] = 0x77faf3ff;
    info->hw_cap[2] = 0x2c100800;
    info->hw_cap[3] = 0x00000121;
    return 0;
}

int libxl_get_free_memory(libxl_ctx *ctx, uint64_t *kibibytes)
{
    *kibibytes = 64 << 20;
    return 0;
}

int libxl_get_max_cpus(libxl_ctx *ctx)
{
    return CPUS;
}

int libxl_get_online_cpus(libxl_ctx *ctx)
{
    return CPUS;
}

int libxl_get_max_nodes(libxl_ctx *ctx)
{
    return NODES;
}

int libxl_cpu_bitmap_alloc(libxl_ctx *ctx, libxl_bitmap *map, int bits)
{
    map->size = ((bits ? bits : CPUS) + 7) / 8;
    map->map = calloc(map->size, 1);
    return map->map ? 0 : ERROR_NOMEM;
}

int libxl_node_bitmap_alloc(libxl_ctx *ctx, libxl_bitmap *map, int bits)
{
    return libxl_cpu_bitmap_alloc(ctx, map, bits ? bits : NODES);
}

libxl_numainfo *libxl_get_numainfo(libxl_ctx *ctx, int *count)
{
    libxl_numainfo *info = calloc(1, sizeof *info);

    if (info)
        info->size = info->free = 8ull << 30;
    *count = 1;
    return info;
}

libxl_cputopology *libxl_get_cpu_topology(libxl_ctx *ctx, int *count)
{
    libxl_cputopology *topology = calloc(CPUS, sizeof *topology);

    for (int i = 0; topology && i < CPUS; i++)
        topology[i].core = i;
    *count = CPUS;
    return topology;
}

int libxl_domain_info(libxl_ctx *ctx, libxl_dominfo *info, uint32_t domain)
{
    if (domain != 0)
        return ERROR_DOMAIN_NOTFOUND;
    if (info) {
        info->current_memkb = info->max_memkb = 512 << 10;
        info->vcpu_online = 1;
    }
    return 0;
}

int libxl_userdata_retrieve(libxl_ctx *ctx, uint32_t domain, const char *id, uint8_t **data, int *length)
{
    return ERROR_FAIL;
}

int libxl_flask_context_to_sid(libxl_ctx *ctx, char *label, size_t length, uint32_t *sid)
{
    *sid = 42;
    return 0;
}

unsigned long libxl_get_required_shadow_memory(unsigned long kibibytes, unsigned int cpus)
{
    return 0;
}

int libxl_domain_create_new(libxl_ctx *ctx, libxl_domain_config *config, uint32_t *domain,
                            const libxl_asyncop_how *how, const libxl_asyncprogress_how *console)
{
    const char *path = getenv("LIBXL_CONFIGURATION");
    char *text = libxl_domain_config_to_json(ctx, config);
    FILE *file = path && text ? fopen(path, "w") : NULL;

    if (file) {
        fputs(text, file);
        fclose(file);
    }
    free(text);
    return ERROR_FAIL;
}

/* By this the driver knows that it is in dom0. */
int access(const char *path, int mode)
{
    int (*real)(const char *, int);

    if (!strcmp(path, "/dev/xen/xenstored"))
        return 0;
    real = (int (*)(const char *, int))dlsym(RTLD_NEXT, "access");
    return real(path, mode);
}
