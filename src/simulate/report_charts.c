/* simulate/report_charts.c: charts of a replay as inline SVG.
 *
 * Lengths are counted in tenths of a unit, so that there are no fractions to compute. Every mark
 * has a <title>, which browsers show under the pointer and screen readers read. */
#include "simulate/report_page.h"

#include "base/value.h"

enum {
    WIDTH = 9000, /* tenths */
    MARGIN = 900, /* left of the bars, for labels */
    PLOT = WIDTH - MARGIN,
    ROW = 300,
    TALL = 2000, /* of the bars of days and hours */
    TOP = 200,   /* room over them for the greatest value */
    BOTTOM = 250,
    BARS = 62,  /* days that are drawn as bars */
    LABELS = 10 /* of days, at most */
};

static void tenths(struct buffer *out, int64_t length)
{
    buffer_format(out, "%lld.%lld", (long long)(length / 10), (long long)(length % 10));
}

static void attribute(struct buffer *out, const char *name, int64_t length)
{
    buffer_format(out, " %s=\"", name);
    tenths(out, length);
    buffer_byte(out, '"');
}

static void open_chart(struct buffer *out, const char *label, int64_t height)
{
    buffer_format(out, "<svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d ", label, WIDTH / 10);
    tenths(out, height);
    buffer_string(out, "\">\n");
}

struct box {
    int64_t x, y, width, height;
};

/* A rectangle whose title is still to be written; close_box ends it. */
static void open_box(struct buffer *out, const char *class, int number, struct box box)
{
    buffer_format(out, "<rect class=\"%s%d\"", class, number);
    attribute(out, "x", box.x);
    attribute(out, "y", box.y);
    attribute(out, "width", box.width);
    attribute(out, "height", box.height);
    buffer_string(out, "><title>");
}

static void close_box(struct buffer *out)
{
    buffer_string(out, "</title></rect>\n");
}

static void open_label(struct buffer *out, int64_t x, int64_t y, const char *anchor)
{
    buffer_string(out, "<text");
    attribute(out, "x", x);
    attribute(out, "y", y);
    buffer_format(out, " text-anchor=\"%s\">", anchor);
}

static int64_t scaled(__int128 part, __int128 whole, int64_t length)
{
    return whole > 0 ? (int64_t)(part * length / whole) : 0;
}

static struct text tier_name(const struct figures *figures, int tier)
{
    return figures->simulation->tiers.lines[tier].name;
}

static void legend(struct buffer *out, const struct figures *figures)
{
    buffer_string(out, "<p class=\"legend\">");
    for (size_t i = 0; i < figures->tier_count; i++) {
        buffer_format(out, "<span class=\"key k%zu\"></span>", i % PAGE_COLOURS);
        page_text(out, tier_name(figures, figures->tiers[i].tier));
        buffer_byte(out, ' ');
    }
    buffer_string(out, "</p>\n");
}

/* One bar of all requests of a side, cut at its tiers. */
static void tier_bar(struct buffer *out, const struct figures *figures, int side, int64_t y)
{
    int64_t x = MARGIN;
    open_label(out, MARGIN - 100, y + ROW / 2 + 40, "end");
    buffer_string(out, side == SIDE_OLD ? "old</text>\n" : "new</text>\n");
    for (size_t i = 0; i < figures->tier_count; i++) {
        const struct tier_figures *line = &figures->tiers[i];
        __int128 served = figures_picodollars(line->served[side]); /* whole requests */
        int64_t width = scaled(served, figures->decided[side], PLOT);
        if (width == 0)
            continue;
        open_box(out, "t", (int)(i % PAGE_COLOURS), (struct box){x, y, width, ROW});
        page_text(out, tier_name(figures, line->tier));
        buffer_string(out, ": ");
        buffer_number(out, (int64_t)served);
        buffer_string(out, " requests, ");
        replay_percent(out, served, figures->decided[side], false);
        close_box(out);
        x += width;
    }
}

void page_tier_chart(struct buffer *out, const struct figures *figures)
{
    bool both = figures_compares(figures);
    int64_t y = 50;
    open_chart(out, "Share of requests by the tier that serves them", both ? 800 : 400);
    for (int side = both ? SIDE_OLD : SIDE_NEW; side < SIDES; side++, y += ROW + 100)
        tier_bar(out, figures, side, y);
    buffer_string(out, "</svg>\n");
    legend(out, figures);
}

/* The greatest value, and the line of the axis. */
static void axis(struct buffer *out)
{
    buffer_format(out, "<path class=\"axis\" d=\"M%d %d H%d\"/>\n", MARGIN / 10, (TOP + TALL) / 10,
                  WIDTH / 10);
    open_label(out, MARGIN - 100, TOP + 80, "end");
}

static __int128 dearest_day(const struct simulation *simulation)
{
    __int128 most = 0;
    for (size_t i = 0; i < simulation->day_count; i++)
        for (int side = 0; side < SIDES; side++)
            if (simulation->days[i].sums.cost[side] > most)
                most = simulation->days[i].sums.cost[side];
    return most;
}

static void day_bars(struct buffer *out, const struct day_line *day, int64_t x, int64_t width,
                     __int128 most)
{
    static const char *const names[SIDES] = {"old", "new"};
    for (int side = 0; side < SIDES; side++) {
        int64_t height = scaled(figures_picodollars(day->sums.cost[side]), most, TALL);
        open_box(out, "s", side,
                 (struct box){x + width * side, TOP + TALL - height, width, height});
        value_print(out, TW_TYPE_DATE, day->day);
        buffer_format(out, " %s: ", names[side]);
        replay_money(out, day->sums.cost[side], false);
        close_box(out);
    }
}

/* A line through the days: bars of so many would hide one another. */
static void day_line(struct buffer *out, const struct simulation *simulation, int side,
                     __int128 most)
{
    int64_t count = (int64_t)simulation->day_count;
    buffer_format(out, "<path class=\"l%d\" d=\"", side);
    for (int64_t i = 0; i < count; i++) {
        int64_t height =
            scaled(figures_picodollars(simulation->days[i].sums.cost[side]), most, TALL);
        buffer_byte(out, i ? 'L' : 'M');
        tenths(out, MARGIN + PLOT * i / (count - 1));
        buffer_byte(out, ' ');
        tenths(out, TOP + TALL - height);
    }
    buffer_string(out, "\"/>\n");
}

static void day_labels(struct buffer *out, const struct simulation *simulation)
{
    int64_t count = (int64_t)simulation->day_count, every = (count + LABELS - 1) / LABELS;
    for (int64_t i = 0; i < count; i += every) {
        open_label(out, MARGIN + PLOT * i / count, TOP + TALL + 180, "start");
        value_print(out, TW_TYPE_DATE, simulation->days[i].day);
        buffer_string(out, "</text>\n");
    }
}

/* Bars are in pairs, with a quarter of their room between the days. */
void page_day_chart(struct buffer *out, const struct figures *figures)
{
    const struct simulation *simulation = figures->simulation;
    __int128 dearest = dearest_day(simulation), most = figures_picodollars(dearest);
    int64_t count = (int64_t)simulation->day_count;
    if (count < 2 || most == 0)
        return;
    buffer_string(out, "<h2>Cost by day (UTC)</h2>\n");
    open_chart(out, "Cost by day, old and new", TOP + TALL + BOTTOM);
    axis(out);
    replay_money(out, dearest, false);
    buffer_string(out, "</text>\n");
    for (int64_t i = 0; count <= BARS && i < count; i++)
        day_bars(out, &simulation->days[i], MARGIN + PLOT * i / count, PLOT * 3 / (count * 8),
                 most);
    for (int side = 0; count > BARS && side < SIDES; side++)
        day_line(out, simulation, side, most);
    day_labels(out, simulation);
    buffer_string(out, "</svg>\n<p class=\"legend\"><span class=\"key k-s0\"></span>old "
                       "<span class=\"key k-s1\"></span>new</p>\n");
}

static int64_t requests_of_hour(const struct figures *figures, int side, int hour)
{
    int64_t sum = 0;
    for (size_t i = 0; i < figures->tier_count; i++)
        sum += figures->simulation->by_hour[side][hour][figures->tiers[i].tier];
    return sum;
}

static void hour_bar(struct buffer *out, const struct figures *figures, int side, int hour,
                     int64_t most)
{
    int64_t x = MARGIN + PLOT * hour / HOURS, y = TOP + TALL;
    for (size_t i = 0; i < figures->tier_count; i++) {
        int tier = figures->tiers[i].tier;
        int64_t requests = figures->simulation->by_hour[side][hour][tier];
        int64_t height = scaled(requests, most, TALL);
        if (height == 0)
            continue;
        y -= height;
        open_box(out, "t", (int)(i % PAGE_COLOURS),
                 (struct box){x, y, PLOT * 4 / (HOURS * 5), height});
        buffer_format(out, "%02d:00, ", hour);
        page_text(out, tier_name(figures, tier));
        buffer_format(out, ": %lld requests", (long long)requests);
        close_box(out);
    }
    open_label(out, x + PLOT * 2 / (HOURS * 5), TOP + TALL + 180, "middle");
    buffer_format(out, "%02d</text>\n", hour);
}

void page_hour_chart(struct buffer *out, const struct figures *figures, int side)
{
    int64_t most = 0;
    for (int hour = 0; hour < HOURS; hour++) {
        int64_t requests = requests_of_hour(figures, side, hour);
        most = requests > most ? requests : most;
    }
    if (most == 0)
        return;
    buffer_format(out, "<h3>%s</h3>\n", side == SIDE_OLD ? "Old" : "New");
    open_chart(out, "Requests by hour of the day and chosen tier", TOP + TALL + BOTTOM);
    axis(out);
    buffer_format(out, "%lld</text>\n", (long long)most);
    for (int hour = 0; hour < HOURS; hour++)
        hour_bar(out, figures, side, hour, most);
    buffer_string(out, "</svg>\n");
    legend(out, figures);
}
