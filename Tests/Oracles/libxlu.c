/*
 * What libxlu, the parser of xl, and libxl make of configurations and of strings in them, for comparison with Domus'.
 *
 * Reads requests from standard input until it ends: a letter, the number of bytes, a line break, and the bytes. The letter is
 * C for a configuration, D for a disk string, P for one of the pci list, R for rdm, F for a flag of cpuid = "host,..." and L
 * for a leaf of cpuid = ["..."]. Answers each with one line: "refused", "crashed", or "read" and what was read.
 * Of a configuration that is each key with its value, KEY=VALUE, in words; a value is its bytes in hexadecimal behind an
 * "s", or values in brackets. Keys are found by trying every word of the text that can be one.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libxlutil.h>

static sigjmp_buf crash;

static void crashed(int signal)
{
    siglongjmp(crash, signal);
}

static void print_text(const char *text)
{
    putchar('s');
    for (; *text; text++)
        printf("%02x", (unsigned char)*text);
}

static void print_value(const XLU_Config *config, XLU_ConfigValue *value)
{
    char *text;
    XLU_ConfigList *list;
    XLU_ConfigValue *item;

    if (xlu_cfg_value_type(value) == XLU_STRING) {
        xlu_cfg_value_get_string(config, value, &text, 1);
        print_text(text);
        return;
    }
    xlu_cfg_value_get_list(config, value, &list, 1);
    putchar('[');
    for (int i = 0; (item = xlu_cfg_get_listitem2(list, i)); i++)
        print_value(config, item);
    putchar(']');
}

static int is_in_key(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static void print_key(const XLU_Config *config, const char *key)
{
    const char *text;
    XLU_ConfigList *list;
    XLU_ConfigValue *item;
    int count;

    if (!xlu_cfg_get_string(config, key, &text, 1)) {
        printf(" %s=", key);
        print_text(text);
    } else if (!xlu_cfg_get_list(config, key, &list, &count, 1)) {
        printf(" %s=[", key);
        for (int i = 0; (item = xlu_cfg_get_listitem2(list, i)); i++)
            print_value(config, item);
        putchar(']');
    }
}

static void configuration(FILE *report, const char *text, int length)
{
    XLU_Config *config = xlu_cfg_init(report, "text");

    if (xlu_cfg_readdata(config, text, length)) {
        printf("refused");
    } else {
        printf("read");
        /* A key may begin within a word, behind a number. */
        for (int start = 0; start < length; start++) {
            int end = start;
            char *key;

            if (text[start] < 'a' || text[start] > 'z')
                continue;
            while (end < length && is_in_key(text[end]))
                end++;
            key = strndup(text + start, end - start);
            print_key(config, key);
            free(key);
        }
    }
    xlu_cfg_destroy(config);
}

static void print_member(const char *name, const char *text)
{
    if (!text)
        return;
    printf(" %s=", name);
    print_text(text);
}

static void disk(FILE *report, const char *text)
{
    XLU_Config *config = xlu_cfg_init(report, "text");
    libxl_device_disk disk;

    libxl_device_disk_init(&disk);
    if (xlu_disk_parse(config, 1, &text, &disk)) {
        printf("refused");
    } else {
        printf("read");
        print_member("target", disk.pdev_path);
        print_member("vdev", disk.vdev);
        print_member("script", disk.script);
        print_member("backend", disk.backend_domname);
        print_member("format", libxl_disk_format_to_string(disk.format));
        print_member("backendtype", libxl_disk_backend_to_string(disk.backend));
        print_member("access", disk.readwrite ? "rw" : "ro");
        print_member("cdrom", disk.is_cdrom ? "1" : "0");
    }
    libxl_device_disk_dispose(&disk);
    xlu_cfg_destroy(config);
}

static void pci(FILE *report, const char *text)
{
    XLU_Config *config = xlu_cfg_init(report, "text");
    libxl_device_pci device;

    libxl_device_pci_init(&device);
    if (xlu_pci_parse_spec_string(config, &device, text)) {
        printf("refused");
    } else {
        printf("read");
        print_member("name", device.name);
        if (!device.name)
            printf(" place=%x:%x:%x.%x", device.domain, device.bus, device.dev,
                   device.vfunc_mask == LIBXL_PCI_FUNC_ALL ? 8 : device.func);
        printf(" slot=%x", device.vdevfn >> 3);
    }
    xlu_cfg_destroy(config);
}

static void rdm(FILE *report, const char *text)
{
    XLU_Config *config = xlu_cfg_init(report, "text");
    libxl_rdm_reserve reserve;

    printf(xlu_rdm_parse(config, &reserve, text) ? "refused" : "read");
    xlu_cfg_destroy(config);
}

static void flag(FILE *report, const char *text)
{
    libxl_cpuid_policy_list list = NULL;

    printf(libxl_cpuid_parse_config(&list, text) ? "refused" : "read");
}

static void leaf(FILE *report, const char *text)
{
    libxl_cpuid_policy_list list = NULL;

    printf(libxl_cpuid_parse_config_xend(&list, text) ? "refused" : "read");
}

/*
 * The scanner of disk strings ends the whole program at what no rule of it takes, such as a line break; that of pci strings
 * goes on at any place of its memory, where no dot stands behind the device.
 */
static void apart(void (*read)(FILE *report, const char *text), FILE *report, const char *text)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        /* Whose place exit(3) would set back for both. */
        close(STDIN_FILENO);
        read(report, text);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        printf("crashed");
}

int main(void)
{
    FILE *report = fopen("/dev/null", "w");
    struct sigaction action = { .sa_handler = crashed, .sa_flags = SA_NODEFER };
    char kind;
    int length;

    if (!report || !freopen("/dev/null", "w", stderr))
        return 1;
    sigaction(SIGABRT, &action, NULL);
    while (scanf(" %c%d", &kind, &length) == 2 && getchar() == '\n') {
        char *text = calloc(1, (size_t)length + 1);

        if (!text || fread(text, 1, (size_t)length, stdin) != (size_t)length)
            return 1;
        if (sigsetjmp(crash, 1))
            printf("crashed");
        else if (kind == 'C')
            configuration(report, text, length);
        else if (kind == 'D')
            apart(disk, report, text);
        else if (kind == 'P')
            apart(pci, report, text);
        else if (kind == 'R')
            rdm(report, text);
        else if (kind == 'F')
            flag(report, text);
        else
            leaf(report, text);
        putchar('\n');
        free(text);
    }
    return 0;
}
