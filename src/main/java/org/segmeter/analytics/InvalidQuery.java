package org.segmeter.analytics;

/** A question that cannot be answered as it was put; it names the parameter or member and what it may be. */
public final class InvalidQuery extends Exception {

    private final String parameter;
    private final String rule;

    InvalidQuery(String parameter, String rule) {
        super(parameter + " " + rule, null, false, false);
        this.parameter = parameter;
        this.rule = rule;
    }

    /** Name of the parameter or member. */
    public String parameter() {
        return parameter;
    }

    /** What it may be; reads on from the name. */
    public String rule() {
        return rule;
    }
}
