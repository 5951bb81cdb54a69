package org.segmeter.batch;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.Problem;

/**
 * A pair that is added to a batch.
 *
 * @param prediction where its files are: {@code sha256:...}, or {@code root:path}
 * @param mask where the files of its mask are; empty to score all voxels
 * @param predictionName what its files are called; null if they have no name
 * @param problem why it has failed already; null if it can be tried
 * @param datedAt when its evaluation is to have been; null for when it is
 */
public record NewItem(
        Description description,
        List<String> prediction,
        List<String> reference,
        List<String> mask,
        @Nullable String predictionName,
        @Nullable String referenceName,
        @Nullable Problem problem,
        @Nullable Instant datedAt) {
    public NewItem {
        prediction = List.copyOf(prediction);
        reference = List.copyOf(reference);
        mask = List.copyOf(mask);
    }
}
