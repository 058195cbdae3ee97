#include "ui/theme/stylesheet.h"

#include "ui/theme/theme.h"

namespace sandglass::ui {

namespace {

// @name stands for a token; @chevron for the arrow drawn for this theme.
constexpr const char *sheet = R"(
* { outline: none; }
QWidget { color: @text; }
QMainWindow, QDialog { background: @bg; }
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: 6px 8px; }

QFrame[card="true"] { background: @surface; border: 1px solid @border; border-radius: 8px; }
QFrame[strip="header"] { background: @bg; border: none; border-bottom: 1px solid @border; }
QFrame[strip="status"] { background: @bg; border: none; border-top: 1px solid @border; }
QFrame[strip="side"] { background: @bg; border: none; border-right: 1px solid @border; }
QFrame[strip="right"] { background: @surface; border: none; border-left: 1px solid @border; }
QFrame[banner="true"] { background: @accentbg; border: none; border-bottom: 1px solid @border; }
QFrame[toast="true"] { background: @raised; border: 1px solid @border; border-radius: 8px; }

QLabel { background: transparent; }
QLabel[role="muted"] { color: @muted; }
QLabel[role="faint"] { color: @faint; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="title"] { font-size: 17px; font-weight: 600; }
QLabel[role="figure"] { font-size: 24px; font-weight: 600; }
QLabel[role="error"] { color: @err; }
QLabel[role="warning"] { color: @warn; }
QLabel[role="good"] { color: @run; }
QLabel[role="section"] { color: @muted; font-size: 11px; letter-spacing: 1px; }

QPushButton, QToolButton { background: @surface; color: @text; border: 1px solid @border; border-radius: 6px;
    padding: 5px 12px; min-height: 18px; }
QPushButton:hover, QToolButton:hover { background: @raised; border-color: @faint; }
QPushButton:pressed, QToolButton:pressed { background: @sel; }
QPushButton:focus, QToolButton:focus { border-color: @accent; }
QPushButton:disabled, QToolButton:disabled { color: @faint; background: @bg; }
QPushButton:checked, QToolButton:checked { background: @accentbg; color: @accent; border-color: @accentbg; font-weight: 600; }
QPushButton[kind="primary"] { background: @accent; color: @onaccent; border-color: @accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: @accenthover; }
QPushButton[kind="primary"]:focus { border-color: @text; }
QPushButton[kind="primary"]:disabled { background: @accentbg; color: @faint; border-color: @accentbg; }
QPushButton[kind="danger"] { color: @err; }
QPushButton[kind="danger"]:hover { border-color: @err; }
QPushButton[kind="danger"]:disabled { color: @faint; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; border-color: transparent; color: @muted; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: @raised; color: @text; }
QPushButton[kind="quiet"]:focus, QToolButton[kind="quiet"]:focus { border-color: @accent; }
QPushButton[kind="nav"] { background: transparent; border: 1px solid transparent; color: @muted; text-align: left;
    padding: 6px 9px; border-radius: 6px; }
QPushButton[kind="nav"]:hover { background: @raised; color: @text; }
QPushButton[kind="nav"]:focus { border-color: @accent; }
QPushButton[kind="nav"]:checked { background: @accentbg; color: @accent; font-weight: 600; }
QPushButton[kind="segment"] { border-radius: 0; margin: 0; padding: 4px 10px; color: @muted; border-right-width: 0; }
QPushButton[kind="segment"]:checked { background: @accentbg; color: @accent; border-color: @border; }
QPushButton[kind="segment"]:focus { color: @accent; }
QPushButton[kind="segment"][edge="first"] { border-top-left-radius: 6px; border-bottom-left-radius: 6px; }
QPushButton[kind="segment"][edge="last"] { border-top-right-radius: 6px; border-bottom-right-radius: 6px; border-right-width: 1px; }
QPushButton[kind="tab"] { background: transparent; border: none; border-bottom: 2px solid transparent; border-radius: 0;
    color: @muted; padding: 6px 2px; }
QPushButton[kind="tab"]:hover { color: @text; }
QPushButton[kind="tab"]:focus { border-bottom-color: @faint; }
QPushButton[kind="tab"]:checked { color: @accent; font-weight: 600; background: transparent; border-bottom-color: @accent; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QDateTimeEdit { background: @surface; color: @text;
    border: 1px solid @border; border-radius: 6px; padding: 5px 8px; selection-background-color: @accentbg;
    selection-color: @text; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus { border-color: @accent; }
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled { color: @faint; background: @bg; }
QLineEdit[invalid="true"] { border-color: @err; }
QLineEdit[mono="true"], QPlainTextEdit[mono="true"] { background: @code; }
QListWidget[topics="true"] { border: none; background: transparent; padding-top: 12px; }
QListWidget[topics="true"]::item { padding: 7px 10px; border-radius: 6px; color: @muted; }
QListWidget[topics="true"]::item:selected { background: @accentbg; color: @accent; }
QPlainTextEdit[flat="true"], QTextEdit[flat="true"], QTextBrowser[flat="true"] { border: none; border-radius: 0; background: @surface; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; }

QComboBox { background: @surface; border: 1px solid @border; border-radius: 6px; padding: 5px 10px; min-height: 18px; }
QComboBox:hover { border-color: @faint; }
QComboBox:focus { border-color: @accent; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url(:/sandglass/icons/@chevron); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @border; selection-background-color: @sel;
    selection-color: @text; padding: 4px; }

QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator { width: 15px; height: 15px; border: 1px solid @faint; background: @surface; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover, QCheckBox::indicator:focus { border-color: @accent; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(:/sandglass/icons/check.svg); }
QRadioButton::indicator:checked { background: @accent; border-color: @accent; }

QTableView, QTreeView, QListView { background: @surface; border: none; gridline-color: @grid; alternate-background-color: @surface;
    selection-background-color: @sel; selection-color: @text; }
QTableView::item { border-bottom: 1px solid @grid; padding: 0 8px; }
QTableView::item:selected { background: @sel; color: @text; }
QTableView:focus { outline: none; }
QHeaderView { background: @surface; border: none; }
QHeaderView::section { background: @surface; color: @muted; border: none; border-bottom: 1px solid @border; padding: 7px 10px; }
QHeaderView::section:hover { color: @text; }
QTableCornerButton::section { background: @surface; border: none; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @border; border-radius: 3px; }
QScrollBar::handle:vertical { min-height: 32px; margin: 2px; }
QScrollBar::handle:horizontal { min-width: 32px; margin: 2px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }
QScrollArea { background: transparent; border: none; }

QMenuBar { background: @bg; border-bottom: 1px solid @border; padding: 1px 8px; }
QMenuBar::item { background: transparent; padding: 4px 9px; border-radius: 5px; color: @muted; }
QMenuBar::item:selected { background: @raised; color: @text; }
QMenu { background: @raised; border: 1px solid @border; padding: 5px; }
QMenu::item { padding: 6px 26px 6px 12px; border-radius: 5px; }
QMenu::item:selected { background: @sel; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @border; margin: 5px 6px; }

QSplitter::handle { background: @border; }
QSplitter[gap="true"]::handle { background: transparent; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QProgressBar { background: @grid; border: none; border-radius: 3px; height: 6px; max-height: 6px; text-align: center; color: transparent; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QGroupBox { border: none; margin: 0; padding: 0; font-weight: 600; }
)";

QColor mixed(const QColor &a, const QColor &b, double share)
{
    const auto channel = [share](int from, int to) { return static_cast<int>(from + (to - from) * share); };
    return {channel(a.red(), b.red()), channel(a.green(), b.green()), channel(a.blue(), b.blue())};
}

} // namespace

QString styleSheetFor(const Tokens &t)
{
    QString text = QString::fromLatin1(sheet);
    // Longer names first: @accentbg must be gone before @accent is looked for.
    const std::initializer_list<std::pair<const char *, QColor>> colors = {
        {"@accenthover", mixed(t.accent, t.text, 0.15)},
        {"@accentbg", t.accentbg},
        {"@onaccent", t.isDark ? t.bg : t.surface},
        {"@accent", t.accent},
        {"@surface", t.surface},
        {"@raised", t.raised},
        {"@border", t.border},
        {"@muted", t.muted},
        {"@faint", t.faint},
        {"@pause", t.pause},
        {"@text", t.text},
        {"@dead", t.dead},
        {"@warn", t.warn},
        {"@grid", t.grid},
        {"@code", t.code},
        {"@sel", t.sel},
        {"@run", t.run},
        {"@err", t.err},
        {"@bg", t.bg},
    };
    for (const auto &[name, color] : colors)
        text.replace(QLatin1String(name), color.name());
    return text.replace(QLatin1String("@chevron"),
                        t.isDark ? QStringLiteral("chevron-down-dark.svg") : QStringLiteral("chevron-down-light.svg"));
}

} // namespace sandglass::ui
