package org.segmeter.batch;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Where the results of a batch come from. */
interface ResultSource {

    /** An item as it was read. */
    record Read(int number, @Nullable UUID evaluation, ResultItem item) {}

    /** The next items by their number, at most so many. */
    List<Read> page(UUID batch, int after, int most);

    /** The columns of all metrics of a batch, by name. */
    List<String> metrics(UUID batch);

    /** Takes count, mean, std, min, quartiles and max of a metric. */
    interface Described {
        void of(String structure, String column, ObjectNode statistics);
    }

    /** Describes each metric over the cases, each with its mean over the segments that have a value. */
    void ofCases(UUID batch, Described sink);

    /** Describes each metric of each structure. */
    void ofStructures(UUID batch, Described sink);
}
