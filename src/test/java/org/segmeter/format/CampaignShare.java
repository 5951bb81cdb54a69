package org.segmeter.format;

import java.util.Arrays;

/**
 * Spreads the costly oracles of a fuzz target over the inputs of a campaign, so that each input gets some of them and the campaign
 * many more inputs. Which ones is decided by the bytes of the input: the same input is always treated alike, and since an input
 * that is worth mutating comes back with other bytes a thousand times, every kind of input meets every oracle. Outside a
 * campaign, that is for each seed and each finding that was kept, all oracles apply.
 */
public final class CampaignShare {

    private static final boolean CAMPAIGN = System.getenv("JAZZER_FUZZ") != null;

    private CampaignShare() {}

    /** True for one in {@code shares} inputs, other ones for each {@code share} from 0; outside a campaign for all. */
    public static boolean takes(byte[] input, int shares, int share) {
        return takes(Arrays.hashCode(input), shares, share);
    }

    /** {@link #takes(byte[], int, int)} for an input that is not at hand as bytes. */
    public static boolean takes(int hash, int shares, int share) {
        return !CAMPAIGN || Integer.remainderUnsigned(hash * 0x9E3779B9 >>> 4, shares) == share;
    }
}
