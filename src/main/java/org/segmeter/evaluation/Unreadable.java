package org.segmeter.evaluation;

import org.segmeter.volume.InputException;

/** Why inputs that are stored could not be read for somebody who asks for what is made of them. */
public sealed interface Unreadable extends StoredImages.Outcome, StoredMasks.Outcome, LossDocuments.Outcome {

    /** What is stored cannot be used for that. */
    record Refused(InputException reason) implements Unreadable {}

    /** @param removed true if they were kept for a limited time and that is over; false if the store lost one */
    record Gone(boolean removed) implements Unreadable {}

    /** The service is ending or busy for longer than the caller waits, or the store could not be read. */
    record Unavailable() implements Unreadable {}
}
