#pragma once

#include <QSplitter>

namespace sandglass::ui {

/// Cards one above the other; the gap between them can be dragged and shows nothing of its own.
class CardSplitter final : public QSplitter
{
    Q_OBJECT
public:
    explicit CardSplitter(QWidget *parent = nullptr);

protected:
    [[nodiscard]] QSplitterHandle *createHandle() override;
};

} // namespace sandglass::ui
