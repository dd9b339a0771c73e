//! The columns themselves, list by list. A row's cells stand in the order of its list's columns here.

use super::Column;

const fn column(name: &'static str, title: &'static str, width: u16, says: &'static str) -> Column {
    Column::new(title, width).named(name, says)
}

/// It shows only where it is chosen.
const fn chosen(column: Column) -> Column {
    column.from(Column::CHOSEN)
}

pub(super) const EXPOSURE: &[Column] = &[
    column("maker", "MAKER", 16, "who made them, or the brand they are sold under").grow(24).identity(),
    column("status", "STATUS", 10, "what the policies say of the gravest of them"),
    column("all", "ALL", 6, "devices").count(),
    column("sensitive", "SENSITIVE", 11, "devices at sensitive sites").grow(20).count(),
    column("standard", "STANDARD", 11, "devices at standard sites").grow(20).count(),
    column("elsewhere", "ELSEWHERE", 9, "devices at sites that are not known").from(110).count(),
    column("core", "CORE", 5, "devices on core networks").count(),
    column("surveillance", "SURV", 6, "devices on networks for surveillance equipment").count().from(120),
    column("other", "OTHER", 6, "devices on other networks").count().from(120),
    column("unclassified", "UNCL", 6, "devices on networks that are not classified").count().from(120),
    column("open", "OPEN", 5, "findings that wait for a decision").count(),
    column("overdue", "OVERDUE", 7, "findings past their time").count(),
    column("sites", "SITES", 6, "sites where they are").from(110).count(),
];

pub(super) const PARTS: &[Column] = &[
    column("site", "SITE", 14, "the site's id; s: it is sensitive").keep_sign().grow(16).identity(),
    column("name", "NAME", 20, "the site's name").grow(20),
    column("devices", "DEVICES", 14, "devices of this row there").grow(20).count(),
    column("core", "CORE", 6, "of these on core networks").count(),
    column("open", "OPEN", 6, "findings that wait for a decision").count(),
    column("overdue", "OVERDUE", 7, "findings past their time").count(),
];

const DEVICE: Column = column("device", "DEVICE", 17, "its MAC or IP address, or the register's entry").identity();
const ADDRESS: Column = column("address", "IP", 15, "its first IP address");
const MAKER: Column = column("maker", "MAKER", 9, "its maker, and the brand on it if that is another").grow(14);
const MODEL: Column = column("model", "MODEL", 16, "its model, as it says itself").grow(10);
const FIRMWARE: Column = column("firmware", "FIRMWARE", 10, "its firmware, as it says itself").grow(10);
const SERIAL: Column = column("serial", "SERIAL", 14, "its serial number, as it says itself").keep_end().grow(16);
const SITE: Column = column("site", "SITE", 7, "where it is: the site's id; s: it is sensitive").keep_sign();
const SWITCH: Column = column("switch", "SWITCH", 9, "the switch it is on").keep_end();
const PORT: Column = column("port", "PORT", 9, "its port; ~: behind it, with others or further off").keep_end();
const VLAN: Column = column("vlan", "VLAN", 4, "its VLAN").right();
const NETWORK: Column = column("network", "NETWORK", 8, "its network; ?: it is not classified").grow(14);
const CERTAINTY: Column = column("certainty", "CERTAINTY", 9, "how sure its port is");
const SINCE: Column = column("since", "SINCE", 5, "how long the finding is open").count();
const POLICY: Column = column("policy", "POLICY", 11, "the pack whose rule is broken").grow(6);
const RULE: Column = column("rule", "RULE", 16, "the rule that is broken");
const SEVERITY: Column = column("severity", "SEVERITY", 8, "how grave the finding is");
const STATE: Column = column("state", "STATE", 12, "where the finding stands");
const DUE: Column = column("due", "DUE", 10, "the day it is due");
const ASSIGNEE: Column = column("assignee", "ASSIGNEE", 10, "who deals with it").grow(10);
const TAGS: Column = column("tags", "TAGS", 10, "its tags").grow(20);
const ID: Column = column("id", "ID", 6, "its number on the command line").right();

pub(super) const PLACEMENT: &[Column] = &[
    DEVICE,
    chosen(ADDRESS),
    MAKER,
    MODEL.from(140),
    chosen(FIRMWARE),
    chosen(SERIAL),
    Column { width: 8, ..SITE }.grow(10),
    SWITCH.grow(16),
    PORT.grow(8),
    VLAN,
    NETWORK,
    chosen(CERTAINTY),
    SINCE,
    chosen(POLICY),
    RULE.grow(4).from(130),
    chosen(SEVERITY),
    STATE.from(140),
    chosen(DUE),
    chosen(ASSIGNEE),
    chosen(TAGS),
    chosen(ID),
];

/// Their rows are made where those of [`PLACEMENT`] are.
pub(super) const REVIEWS: &[Column] = &[
    DEVICE,
    chosen(ADDRESS),
    MAKER,
    MODEL.from(185),
    chosen(FIRMWARE),
    chosen(SERIAL),
    SITE.grow(12),
    Column { width: 10, ..SWITCH }.grow(16).from(108),
    PORT.grow(8).from(108),
    VLAN.from(140),
    NETWORK.from(165),
    chosen(CERTAINTY),
    SINCE,
    chosen(POLICY),
    RULE.grow(6),
    chosen(SEVERITY),
    STATE,
    DUE.from(100),
    ASSIGNEE.from(130),
    TAGS.from(150),
    chosen(ID),
];

pub(super) const DEVICES: &[Column] = &[
    column("status", "STATUS", 10, "what the policies say of it"),
    column("mac", "DEVICE", 17, "its MAC address; if none was seen, its IP address").identity(),
    ADDRESS.from(100),
    column("class", "CLASS", 9, "what kind of device it is").from(150),
    chosen(column("surveillance", "CAMERA", 7, "whether it is surveillance equipment")),
    Column { width: 10, ..MAKER }.grow(14),
    chosen(column("brand", "BRAND", 10, "the name on it, where that is not its maker's").grow(10)),
    chosen(column("verdict", "VERDICT", 9, "how sure its maker is")),
    Column { width: 14, ..MODEL }.grow(12).from(140),
    FIRMWARE.from(170),
    chosen(SERIAL),
    chosen(column("hostname", "HOST NAME", 14, "the name it gives itself").grow(16)),
    SITE.grow(10),
    SWITCH.grow(14),
    PORT.grow(6),
    VLAN,
    NETWORK.grow(6).from(106),
    chosen(column("network-kind", "KIND", 12, "what its network is for")),
    CERTAINTY.from(180),
    chosen(column("since", "THERE", 5, "how long it is where it is").count()),
    chosen(column("first-seen", "FIRST", 5, "how long ago it was first seen").count()),
    column("last-seen", "SEEN", 5, "how long ago it was last seen").count(),
    chosen(ID),
];

pub(super) const SITES: &[Column] = &[
    column("site", "SITE", 9, "the site's id; s: it is sensitive").keep_sign().grow(10).identity(),
    column("name", "NAME", 20, "the site's name").grow(16).from(100),
    column("sensitivity", "SENSITIVITY", 11, "whether it is sensitive").from(110),
    column("basis", "BASIS", 15, "why it is sensitive").from(140),
    column("cameras", "CAMERAS", 7, "surveillance equipment there").count(),
    column("restricted", "RESTR", 5, "restricted devices").count(),
    column("suspected", "SUSP", 4, "devices suspected of being restricted").count(),
    column("unknown", "UNKN", 5, "devices that are not known well enough").count(),
    column("core", "CORE", 4, "surveillance equipment on core networks").count(),
    column("open", "OPEN", 5, "findings that wait for a decision").count(),
    column("overdue", "LATE", 4, "findings past their time").count(),
    column("ranges", "RANGE", 5, "share of its address ranges looked through").right(),
    column("switches", "SWTCH", 5, "share of its switches that answer").right(),
    column("ports", "PORTS", 5, "share of linked ports on which a device is known").right(),
    column("register", "REG", 5, "share of its register's entries that were found").right(),
    chosen(column("least", "LEAST", 5, "the smallest of these shares").right()),
];

pub(super) const COVERAGE: &[Column] = &[
    column("kind", "KIND", 9, "what kind of thing was not seen"),
    column("site", "SITE", 7, "where; s: the site is sensitive").keep_sign().grow(8),
    column("what", "NOT SEEN", 19, "what was not seen").grow(40).identity(),
    column("since", "SINCE", 5, "how long it was not seen").count(),
    column("why", "WHY", 24, "why, or how that is known").grow(50).from(140),
    column("mend", "WHAT TO DO", 33, "what to do about it").grow(50),
];

pub(super) const ACTIVITY: &[Column] = &[
    column("when", "WHEN", 12, "when it happened").count(),
    column("row", "ROW", 8, "its number in the change log").right().from(100),
    column("kind", "KIND", 10, "what kind of thing happened").grow(3),
    column("site", "SITE", 7, "where; s: the site is sensitive").keep_sign().grow(6),
    column("what", "WHAT", 40, "what happened").grow(120).identity(),
];

pub(super) const TARGETS: &[Column] = &[
    column("name", "NAME", 16, "its name in the configuration, or its address").keep_end().grow(20).identity(),
    column("kind", "KIND", 6, "switch or camera").from(100),
    column("address", "ADDRESS", 21, "where it is asked").from(110),
    column("site", "SITE", 7, "its site; s: it is sensitive").keep_sign().grow(10),
    column("state", "STATE", 9, "how it answers"),
    column("since", "SINCE", 5, "how long it answers so").count(),
    column("answer", "ANSWER", 6, "how long ago it answered last").count(),
    column("requests", "REQ", 4, "requests of the last visit").count().from(130),
    column("duration", "MS", 5, "milliseconds that the last visit took").count(),
    column("why", "WHY", 18, "why it does not answer, or not in full").grow(90),
];
