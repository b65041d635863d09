/* base/json.c: the check of a whole JSON document (RFC 8259), in one pass.
 *
 * Takes bytes from anywhere and trusts none of them. Owns and allocates nothing; the containers
 * that are open at one place stand in a small array, so no input can exhaust the stack. The first
 * problem ends the pass. */
#include "base/json.h"

#include "base/json_bytes.h"

struct scanner {
    const char *start;
    const char *at;
    const char *end;
    const char *expected; /* what should have stood at `at` */
    size_t depth;
    char closers[JSON_MAX_DEPTH]; /* the bracket that each open container waits for */
};

/* What comes next. */
enum progress { BROKEN, VALUE_NEXT, VALUE_ENDED };

static bool refuse(struct scanner *scanner, const char *at, const char *expected)
{
    scanner->at = at;
    scanner->expected = expected;
    return false;
}

/* The byte at hand, or -1 at the end. */
static int peek(const struct scanner *scanner)
{
    return scanner->at < scanner->end ? (unsigned char)*scanner->at : -1;
}

static int peek_behind_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end && json_is_space(*scanner->at))
        scanner->at++;
    return peek(scanner);
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hexadecimal(int byte)
{
    return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

static bool is_escape(int byte)
{
    switch (byte) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    default:
        return false;
    }
}

/* at: the backslash. */
static bool scan_escape(struct scanner *scanner)
{
    scanner->at++;
    int byte = peek(scanner);
    if (is_escape(byte)) {
        scanner->at++;
        return true;
    }
    if (byte != 'u')
        return refuse(scanner, scanner->at, "an escape (one of \"\\/bfnrtu)");
    scanner->at++;
    for (int digits = 4; digits > 0; digits--, scanner->at++)
        if (!is_hexadecimal(peek(scanner)))
            return refuse(scanner, scanner->at, "a hexadecimal digit");
    return true;
}

/* Three bytes that are a character from U+1000 on, but not one of the blocks beside the surrogates:
 * most of what is not ASCII, told without a call. */
static bool is_common_character(const char *at, const char *end)
{
    const unsigned char *byte = (const unsigned char *)at;
    return end - at >= 3 && byte[0] > 0xE0 && byte[0] < 0xED && (byte[1] & 0xC0) == 0x80 &&
           (byte[2] & 0xC0) == 0x80;
}

/* at: a byte over 0x7F. Text that is not ASCII mostly comes in runs. */
static bool scan_characters(struct scanner *scanner)
{
    const char *at = scanner->at;
    while (at < scanner->end && (unsigned char)*at >= 0x80) {
        size_t size = is_common_character(at, scanner->end)
                          ? 3
                          : utf8_character(at, (size_t)(scanner->end - at));
        if (size == 0)
            return refuse(scanner, at, "valid UTF-8");
        at += size;
    }
    scanner->at = at;
    return true;
}

/* at: a byte that a string cannot simply go on after, but for the quote. */
static bool scan_special(struct scanner *scanner)
{
    int byte = peek(scanner);
    if (byte == '\\')
        return scan_escape(scanner);
    if (byte >= 0x80)
        return scan_characters(scanner);
    return refuse(scanner, scanner->at,
                  byte < 0 ? "the closing quote" : "an escape for a control character");
}

/* at: the opening quote. Short escapes are common enough to be worth a way of their own. */
static bool scan_string(struct scanner *scanner)
{
    const char *at = scanner->at + 1, *end = scanner->end;
    for (;;) {
        at = json_next_special(at, end);
        if (at < end && *at == '"') {
            scanner->at = at + 1;
            return true;
        }
        if (end - at >= 2 && *at == '\\' && is_escape(at[1])) {
            at += 2;
            continue;
        }
        scanner->at = at;
        if (!scan_special(scanner))
            return false;
        at = scanner->at;
    }
}

static bool scan_digits(struct scanner *scanner)
{
    if (!is_digit(peek(scanner)))
        return refuse(scanner, scanner->at, "a digit");
    while (is_digit(peek(scanner)))
        scanner->at++;
    return true;
}

static bool scan_number(struct scanner *scanner)
{
    if (peek(scanner) == '-')
        scanner->at++;
    if (peek(scanner) == '0')
        scanner->at++;
    else if (!scan_digits(scanner))
        return false;
    if (peek(scanner) == '.') {
        scanner->at++;
        if (!scan_digits(scanner))
            return false;
    }
    if (peek(scanner) != 'e' && peek(scanner) != 'E')
        return true;
    scanner->at++;
    if (peek(scanner) == '-' || peek(scanner) == '+')
        scanner->at++;
    return scan_digits(scanner);
}

static bool scan_word(struct scanner *scanner, const char *word)
{
    for (const char *letter = word; *letter; letter++, scanner->at++)
        if (peek(scanner) != *letter)
            return refuse(scanner, scanner->at, word);
    return true;
}

/* A member's name and the colon. */
static bool scan_name(struct scanner *scanner, const char *expected)
{
    if (peek_behind_space(scanner) != '"')
        return refuse(scanner, scanner->at, expected);
    if (!scan_string(scanner))
        return false;
    if (peek_behind_space(scanner) != ':')
        return refuse(scanner, scanner->at, "':'");
    scanner->at++;
    return true;
}

/* at: the opening bracket, whose closing one is 2 behind it in ASCII. */
static enum progress scan_opening(struct scanner *scanner, char bracket)
{
    if (scanner->depth == JSON_MAX_DEPTH)
        return BROKEN;
    char closer = (char)(bracket + 2);
    scanner->at++;
    if (peek_behind_space(scanner) == closer) {
        scanner->at++;
        return VALUE_ENDED;
    }
    scanner->closers[scanner->depth++] = closer;
    if (closer == '}' && !scan_name(scanner, "a member name or '}'"))
        return BROKEN;
    return VALUE_NEXT;
}

static enum progress scan_value(struct scanner *scanner)
{
    int byte = peek_behind_space(scanner);
    bool good;
    switch (byte) {
    case '[':
    case '{':
        return scan_opening(scanner, (char)byte);
    case '"':
        good = scan_string(scanner);
        break;
    case 't':
        good = scan_word(scanner, "true");
        break;
    case 'f':
        good = scan_word(scanner, "false");
        break;
    case 'n':
        good = scan_word(scanner, "null");
        break;
    default:
        good = is_digit(byte) || byte == '-' ? scan_number(scanner)
                                             : refuse(scanner, scanner->at, "a value");
    }
    return good ? VALUE_ENDED : BROKEN;
}

/* Behind a value inside of a container: closes containers, down to the outer ones, up to the comma
 * before the next value. */
static enum progress scan_after_value(struct scanner *scanner, size_t outer)
{
    while (scanner->depth > outer) {
        int byte = peek_behind_space(scanner);
        char closer = scanner->closers[scanner->depth - 1];
        if (byte != ',' && byte != closer) {
            refuse(scanner, scanner->at, closer == '}' ? "',' or '}'" : "',' or ']'");
            return BROKEN;
        }
        scanner->at++;
        if (byte == ',')
            return closer == ']' || scan_name(scanner, "a member name") ? VALUE_NEXT : BROKEN;
        scanner->depth--;
    }
    return VALUE_ENDED;
}

/* One value with all that is in it. */
static bool scan_whole(struct scanner *scanner)
{
    size_t outer = scanner->depth;
    enum progress progress;
    do {
        progress = scan_value(scanner);
        if (progress == VALUE_ENDED)
            progress = scan_after_value(scanner, outer);
    } while (progress == VALUE_NEXT);
    return progress == VALUE_ENDED;
}

const char *json_behind_value(const char *at, const char *end)
{
    struct scanner scanner;
    scanner.start = scanner.at = at;
    scanner.end = end;
    scanner.expected = NULL;
    scanner.depth = 1;
    return scan_whole(&scanner) ? scanner.at : NULL;
}

static enum tw_status report(const struct scanner *scanner, struct tw_error *error)
{
    size_t offset = (size_t)(scanner->at - scanner->start);
    if (!scanner->expected)
        return fail(error, TW_LIMIT, "byte %zu: nested deeper than %d levels", offset,
                    JSON_MAX_DEPTH);
    int byte = peek(scanner);
    if (byte < 0)
        return fail(error, TW_INVALID, "byte %zu: expected %s, but the document ends", offset,
                    scanner->expected);
    bool shown = byte > ' ' && byte < 0x7F;
    return fail(error, TW_INVALID,
                shown ? "byte %zu: expected %s, found '%c'"
                      : "byte %zu: expected %s, found byte 0x%02x",
                offset, scanner->expected, byte);
}

enum tw_status json_parse(struct text document, struct json_value *root, struct tw_error *error)
{
    struct scanner scanner;
    scanner.start = scanner.at = document.data;
    scanner.end = document.data + document.length;
    scanner.expected = NULL;
    scanner.depth = 0;
    bool good = scan_whole(&scanner);
    if (good && peek_behind_space(&scanner) >= 0)
        good = refuse(&scanner, scanner.at, "the end of the document");
    if (!good)
        return report(&scanner, error);
    const char *first = document.data, *end = scanner.end;
    while (json_is_space(*first))
        first++;
    while (json_is_space(end[-1]))
        end--;
    *root = (struct json_value){json_kind_of(*first), {first, (size_t)(end - first)}};
    return TW_OK;
}
