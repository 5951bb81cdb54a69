package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import tools.jackson.databind.JsonNode;

/** Reads the members {@code ignore}, {@code extent} and {@code regions} of a request or a protocol. */
final class ScopeReading {

    /** The members that are read here. */
    static final Set<String> MEMBERS = Set.of("ignore", "extent", "regions");

    private static final int MOST_REGIONS = 1000;
    private static final int MOST_EXTENTS = 1000;
    private static final int MOST_SLICES = 65_535;

    /** How the document that is read says that a member cannot be used. */
    interface Refusal {
        InputException of(String member, String found, String expected);
    }

    private final Refusal refusal;

    ScopeReading(Refusal refusal) {
        this.refusal = refusal;
    }

    Scope read(JsonNode document) throws InputException {
        return new Scope(
                document.has("ignore") ? ignore(document.get("ignore")) : null,
                document.has("extent") ? extents(document.get("extent")) : null,
                document.has("regions") ? regions(document.get("regions")) : null);
    }

    private Scope.Ignore ignore(JsonNode node) throws InputException {
        if (node.isObject() && (node.has("reference") || node.has("prediction"))) {
            requireKnown(node, "ignore", Set.of("reference", "prediction"));
            return new Scope.Ignore(
                    selectors(node.get("reference"), "ignore.reference"),
                    selectors(node.get("prediction"), "ignore.prediction"));
        }
        return new Scope.Ignore(selectors(node, "ignore"), List.of());
    }

    private List<SegmentSelector> selectors(@Nullable JsonNode node, String name) throws InputException {
        if (node == null) {
            return List.of();
        }
        if (!node.isArray()) {
            return List.of(selector(node, name));
        }
        List<SegmentSelector> list = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            list.add(selector(node.get(i), name + "[" + i + "]"));
        }
        return list;
    }

    /** A segment: its number, its label, or one of the long forms. */
    SegmentSelector selector(@Nullable JsonNode node, String name) throws InputException {
        String expected = "a number, a label, {\"number\": 1}, {\"label\": \"...\"} or {\"code\": \"SCT:10200004\"}";
        if (node != null && node.isIntegralNumber() && node.canConvertToInt()) {
            return new SegmentSelector.ByNumber(node.intValue());
        }
        if (node != null && node.isString() && !node.stringValue().isBlank()) {
            return new SegmentSelector.ByLabel(node.stringValue().strip());
        }
        if (node == null || !node.isObject() || node.size() != 1) {
            throw refusal.of(name, node == null ? "nothing" : kind(node), expected);
        }
        requireKnown(node, name, Set.of("number", "label", "code"));
        JsonNode number = node.get("number");
        if (number != null && number.isIntegralNumber() && number.canConvertToInt()) {
            return new SegmentSelector.ByNumber(number.intValue());
        }
        JsonNode label = node.get("label");
        if (label != null && label.isString() && !label.stringValue().isBlank()) {
            return new SegmentSelector.ByLabel(label.stringValue().strip());
        }
        JsonNode code = node.get("code");
        if (code != null && code.isString()) {
            int colon = code.stringValue().indexOf(':');
            if (colon > 0 && colon + 1 < code.stringValue().length()) {
                return new SegmentSelector.ByCode(
                        code.stringValue().substring(0, colon).strip(),
                        code.stringValue().substring(colon + 1).strip());
            }
        }
        throw refusal.of(name, kind(node), expected);
    }

    private List<Scope.ExtentOf> extents(JsonNode node) throws InputException {
        List<Scope.ExtentOf> list = new ArrayList<>();
        if (!node.isArray()) {
            list.add(extent(node, "extent"));
            return list;
        }
        if (node.size() > MOST_EXTENTS) {
            throw refusal.of("extent", node.size() + " extents", "at most " + MOST_EXTENTS);
        }
        for (int i = 0; i < node.size(); i++) {
            list.add(extent(node.get(i), "extent[" + i + "]"));
        }
        return list;
    }

    private Scope.ExtentOf extent(JsonNode node, String name) throws InputException {
        if (!node.isObject()) {
            throw refusal.of(name, kind(node), "an object with a kind: full, box, range or slices");
        }
        JsonNode kindNode = node.get("kind");
        String kind = kindNode != null && kindNode.isString() ? kindNode.stringValue() : "";
        Extent extent;
        switch (kind) {
            case "full" -> {
                requireKnown(node, name, Set.of("kind", "segments"));
                extent = new Extent.Full();
            }
            case "box" -> {
                requireKnown(node, name, Set.of("kind", "segments", "unit", "from", "to"));
                extent = box(node, name);
            }
            case "range" -> {
                requireKnown(node, name, Set.of("kind", "segments", "axis", "from", "to"));
                Integer from = index(node.get("from"), name + ".from");
                Integer to = index(node.get("to"), name + ".to");
                if (from != null && to != null && from > to) {
                    throw refusal.of(name, "a range that ends before it begins", "from at most to");
                }
                extent = new Extent.Range(axis(node.get("axis"), name), from, to);
            }
            case "slices" -> {
                requireKnown(node, name, Set.of("kind", "segments", "axis", "slices"));
                extent = new Extent.Slices(axis(node.get("axis"), name), slices(node.get("slices"), name + ".slices"));
            }
            default ->
                throw refusal.of(
                        name + ".kind",
                        kindNode == null ? "missing" : kind(kindNode),
                        "one of full, box, range, slices");
        }
        return new Scope.ExtentOf(selectors(node.get("segments"), name + ".segments"), extent);
    }

    private Extent box(JsonNode node, String name) throws InputException {
        JsonNode unit = node.get("unit");
        boolean mm = unit != null && unit.isString() && unit.stringValue().equals("mm");
        if (unit != null && !mm && !(unit.isString() && unit.stringValue().equals("voxel"))) {
            throw refusal.of(name + ".unit", kind(unit), "voxel or mm");
        }
        List<Double> from = three(node.get("from"), name + ".from", mm);
        List<Double> to = three(node.get("to"), name + ".to", mm);
        for (int i = 0; i < 3; i++) {
            if (from.get(i) > to.get(i)) {
                throw refusal.of(name, "a box that ends before it begins", "from at most to, along x, y and z");
            }
        }
        return mm
                ? new Extent.PatientBox(from, to)
                : new Extent.VoxelBox(
                        from.stream().map(Double::intValue).toList(),
                        to.stream().map(Double::intValue).toList());
    }

    private List<Double> three(@Nullable JsonNode node, String name, boolean mm) throws InputException {
        String expected = mm ? "three numbers, mm" : "three voxel indices, 0 or more";
        if (node == null || !node.isArray() || node.size() != 3) {
            throw refusal.of(name, node == null ? "missing" : kind(node), expected);
        }
        List<Double> list = new ArrayList<>();
        for (JsonNode n : node) {
            boolean usable = mm
                    ? n.isNumber() && Double.isFinite(n.doubleValue())
                    : n.isIntegralNumber() && n.canConvertToInt() && n.intValue() >= 0;
            if (!usable) {
                throw refusal.of(name, "a list with " + kind(n), expected);
            }
            list.add(n.doubleValue());
        }
        return list;
    }

    private @Nullable Integer index(@Nullable JsonNode node, String name) throws InputException {
        if (node == null) {
            return null;
        }
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 0) {
            throw refusal.of(name, kind(node), "a slice's index, 0 or more");
        }
        return node.intValue();
    }

    private List<Integer> slices(@Nullable JsonNode node, String name) throws InputException {
        if (node == null) {
            return List.of();
        }
        if (!node.isArray() || node.isEmpty() || node.size() > MOST_SLICES) {
            throw refusal.of(
                    name,
                    kind(node),
                    "a list of 1 to " + MOST_SLICES + " slices' indices; without it: those annotated");
        }
        Set<Integer> list = new LinkedHashSet<>();
        for (JsonNode n : node) {
            Integer slice = index(n, name);
            if (slice != null && !list.add(slice)) {
                throw refusal.of(name, "a slice twice", "each slice once");
            }
        }
        return List.copyOf(list);
    }

    private Extent.Axis axis(@Nullable JsonNode node, String name) throws InputException {
        for (Extent.Axis axis : Extent.Axis.values()) {
            if (node != null
                    && node.isString()
                    && node.stringValue().equals(axis.name().toLowerCase(Locale.ROOT))) {
                return axis;
            }
        }
        throw refusal.of(
                name + ".axis",
                node == null ? "missing" : kind(node),
                "one of x, y, z (of the reference's grid), axial, coronal, sagittal");
    }

    private List<Scope.Region> regions(JsonNode node) throws InputException {
        if (!node.isObject() || node.size() > MOST_REGIONS) {
            throw refusal.of(
                    "regions", kind(node), "an object of at most " + MOST_REGIONS + " names with lists of segments");
        }
        Map<String, Scope.Region> byName = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String name = entry.getKey().strip();
            if (name.isEmpty() || name.length() > 64) {
                throw refusal.of(
                        "regions", "a name of " + name.length() + " characters", "names of 1 to 64 characters");
            }
            JsonNode members = entry.getValue();
            if (!members.isArray() || members.isEmpty()) {
                throw refusal.of("regions", kind(members), "a list of at least one segment for each name");
            }
            List<SegmentSelector> segments = new ArrayList<>();
            List<String> others = new ArrayList<>();
            for (int i = 0; i < members.size(); i++) {
                JsonNode member = members.get(i);
                JsonNode region = member.isObject() && member.size() == 1 ? member.get("region") : null;
                if (region == null) {
                    segments.add(selector(member, "regions, member " + (i + 1) + " of one"));
                } else if (region.isString()) {
                    others.add(region.stringValue().strip());
                } else {
                    throw refusal.of("regions", "a region that is " + kind(region), "{\"region\": \"its name\"}");
                }
            }
            if (byName.put(name, new Scope.Region(name, segments, others)) != null) {
                throw refusal.of("regions", "a name twice", "each name once");
            }
        }
        List<Scope.Region> list = List.copyOf(byName.values());
        requireHierarchy(list);
        return list;
    }

    /** @throws InputException if a region has another that does not exist, or has itself by way of others */
    void requireHierarchy(List<Scope.Region> regions) throws InputException {
        Map<String, Scope.Region> byName = new LinkedHashMap<>();
        regions.forEach(r -> byName.put(r.name(), r));
        Set<String> done = new LinkedHashSet<>();
        for (int round = 0; round <= regions.size(); round++) {
            for (Scope.Region region : regions) {
                for (String other : region.regions()) {
                    if (!byName.containsKey(other)) {
                        throw refusal.of(
                                "regions", "a region that has one that is not declared", "names of declared regions");
                    }
                }
                if (done.containsAll(region.regions())) {
                    done.add(region.name());
                }
            }
        }
        if (done.size() < byName.size()) {
            throw refusal.of("regions", "a region that contains itself", "regions without a circle");
        }
    }

    private void requireKnown(JsonNode object, String name, Set<String> known) throws InputException {
        for (String member : object.propertyNames()) {
            if (!known.contains(member)) {
                throw refusal.of(
                        name + "." + ScoringOptions.shown(member),
                        "not known",
                        "one of " + String.join(", ", known.stream().sorted().toList()));
            }
        }
    }

    private static String kind(JsonNode node) {
        return ScoringOptions.kind(node);
    }
}
