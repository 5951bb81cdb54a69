package org.segmeter.metric.loss;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;

/**
 * All losses of a case. Names are those of the catalogue; a name has several values where a definition is in use with several
 * parameters.
 *
 * @param channels per channel in the order given
 * @param overall losses over all channels together; empty for a single channel
 * @param moments of the classes against one another; null for a single channel
 * @param gradients by the name of the loss, of all classes with the background; empty for a single channel or a soft reference
 * @param wasserstein likewise, by the name of the loss and its weighting
 */
public record LossReport(
        List<OfChannel> channels,
        Map<String, List<MetricValue>> overall,
        @Nullable CrossMoments moments,
        Map<String, ClassGradient> gradients,
        Map<String, WassersteinGradient> wasserstein) {

    /**
     * One channel's losses and facts.
     *
     * @param losses by name
     * @param gradients by the name of the loss; empty for a soft reference
     * @param facts null for a soft reference
     * @param statistics everything that the pass yielded, for calibration and threshold sweeps
     * @param ranked the voxels in order; null if they were not sorted
     */
    public record OfChannel(
            Map<String, List<MetricValue>> losses,
            Map<String, GradientFacts> gradients,
            @Nullable SoftFacts facts,
            ChannelStatistics statistics,
            @Nullable RankedLosses ranked) {}

    public LossReport {
        channels = List.copyOf(channels);
    }
}
