#include "ui/webhooks/eventchoice.h"

#include <QCheckBox>
#include <QGridLayout>

#include <algorithm>
#include <utility>

namespace sandglass::ui {

EventChoice::EventChoice(std::vector<Type> types, int columns, const QString &boxPrefix, QWidget *parent)
    : QWidget(parent), m_types(std::move(types))
{
    auto *grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    int place = 0;
    for (const Type &type : m_types) {
        auto *box = new QCheckBox(type.label);
        box->setObjectName(boxPrefix + type.label);
        box->setChecked(true);
        grid->addWidget(box, place / columns, place % columns);
        ++place;
        m_boxes.push_back(box);
        connect(box, &QCheckBox::toggled, this, &EventChoice::changed);
    }
}

void EventChoice::setChosen(const std::vector<std::string> &names)
{
    for (std::size_t i = 0; i < m_types.size(); ++i)
        m_boxes[i]->setChecked(std::ranges::find(names, m_types[i].name) != names.end());
}

std::vector<std::string> EventChoice::chosen() const
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < m_types.size(); ++i) {
        if (m_boxes[i]->isChecked())
            names.push_back(m_types[i].name);
    }
    return names;
}

bool EventChoice::isAllChosen() const
{
    return std::ranges::all_of(m_boxes, &QCheckBox::isChecked);
}

bool EventChoice::isOffered(const std::string &name) const
{
    return std::ranges::find(m_types, name, &Type::name) != m_types.end();
}

} // namespace sandglass::ui
