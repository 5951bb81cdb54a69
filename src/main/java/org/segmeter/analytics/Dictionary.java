package org.segmeter.analytics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Different things, numbered from 0 on in the order in which they came. */
final class Dictionary<T> {

    private final Map<T, Integer> numbers = new HashMap<>();
    private final List<T> all = new ArrayList<>();

    int number(T one) {
        Integer known = numbers.get(one);
        if (known != null) {
            return known;
        }
        numbers.put(one, all.size());
        all.add(one);
        return all.size() - 1;
    }

    int size() {
        return all.size();
    }

    /** All there are now, in order. */
    List<T> all() {
        return List.copyOf(all);
    }
}
