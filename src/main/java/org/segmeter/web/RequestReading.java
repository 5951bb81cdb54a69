package org.segmeter.web;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.volume.InputException;

/** Reads the JSON that may come with a submission, so that a mistake in it is answered at once. */
interface RequestReading {

    /** @param protocols by which to score, at least one */
    record Request(Description description, List<String> protocols) {}

    /** @throws InputException INVALID_REQUEST naming the member */
    Request read(@Nullable String json) throws InputException;
}
