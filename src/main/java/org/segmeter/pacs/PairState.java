package org.segmeter.pacs;

/** How far a pair has come. */
public enum PairState {
    /** One side is there. */
    WAITING,
    /** Both sides are there; it is being scored. */
    MATCHED,
    /** There is a scorecard. */
    SCORED,
    /** It could not be scored; the reason says why. */
    NOT_SCORED,
    /** The reference is the prediction, voxel for voxel, or a person accepted it: no measurement, and never a Dice of 1. */
    ACCEPTED_UNCHANGED,
    /** Several segmentations could be the other side; a person has to say which. */
    AMBIGUOUS,
    /** A later correction took its place; its score stays. */
    SUPERSEDED,
    /** The other side never came. */
    EXPIRED
}
