#pragma once

#include "models/runs/attemptsmodel.h"
#include "services/refine/sessionfile.h"

#include <QString>

namespace sandglass::models {

/// A session as it is put aside, saved and taken up again.
struct SessionContents
{
    QString title; ///< name of the code's file
    QString code;  ///< of the editor
    QString requirement;
    QString expectedOutput;
    QString templateName;
    AttemptsModel::Rows rows; ///< oldest first
};

/// Between rows of a view and what stands in a file. Any thread; a row that still runs has no place in a file.
[[nodiscard]] refine::SharedAttempt sharedFrom(const AttemptRow &row);
[[nodiscard]] refine::SharedSession headFrom(const SessionContents &contents); ///< without the attempts
[[nodiscard]] SessionContents contentsFrom(const refine::SharedSession &session);

} // namespace sandglass::models
