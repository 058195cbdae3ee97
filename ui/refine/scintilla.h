#pragma once

#include <QObject>

// QScintilla's headers are written with Qt's lower-case keywords, which this project switches off.
#pragma push_macro("signals")
#pragma push_macro("slots")
#define signals Q_SIGNALS
#define slots Q_SLOTS
#include <Qsci/qscicommandset.h>
#include <Qsci/qscilexerpython.h>
#include <Qsci/qsciscintilla.h>
#include <Qsci/qscistyle.h>
#pragma pop_macro("signals")
#pragma pop_macro("slots")
