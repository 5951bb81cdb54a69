package org.segmeter.pacs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.format.dicom.DataElements;
import org.segmeter.format.dicom.DicomInstance;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** QIDO-RS: finds stored instances and the series and studies they belong to (PS3.18 section 10.6). */
@Component
public final class InstanceSearch {

    private static final int MODALITY = 0x0008_0060;
    private static final int MODALITIES_IN_STUDY = 0x0008_0061;
    private static final int RETRIEVE_URL = 0x0008_1190;
    private static final int NUMBER_OF_STUDY_RELATED_SERIES = 0x0020_1206;
    private static final int NUMBER_OF_STUDY_RELATED_INSTANCES = 0x0020_1208;
    private static final int NUMBER_OF_SERIES_RELATED_INSTANCES = 0x0020_1209;
    private static final int INSTANCE_AVAILABILITY = 0x0008_0056;

    private static final int[] OF_STUDY = {
        0x0008_0005,
        0x0008_0020,
        0x0008_0030,
        0x0008_0050,
        0x0008_0090,
        0x0008_1030,
        0x0010_0010,
        0x0010_0020,
        0x0010_0030,
        0x0010_0040,
        0x0020_000D,
        0x0020_0010
    };
    private static final int[] OF_SERIES = {
        0x0008_0005, 0x0008_0021, 0x0008_0031, MODALITY, 0x0008_0070, 0x0008_103E, 0x0008_1090, 0x0020_000E, 0x0020_0011
    };
    private static final int[] OF_INSTANCE = {
        0x0008_0005,
        0x0008_0008,
        0x0008_0016,
        0x0008_0018,
        0x0008_0023,
        0x0008_0033,
        0x0020_0013,
        0x0028_0008,
        0x0028_0010,
        0x0028_0011,
        0x0028_0100,
        0x0062_0001,
        0x0070_0080
    };

    private final JdbcClient sql;
    private final JsonMapper json;
    private final Identity identities;

    InstanceSearch(JdbcClient sql, JsonMapper json, Identity identities) {
        this.sql = sql;
        this.json = json;
        this.identities = identities;
    }

    /** What is looked for. */
    public enum Level {
        STUDY,
        SERIES,
        INSTANCE
    }

    /**
     * A search.
     *
     * @param matches values to match by tag, in the syntax of PS3.4 C.2.2.2
     * @param include further elements to return
     * @param all true to return all elements that are known
     * @param limit at most so many, at least 1
     * @param clear true if whoever asks may see what names a person; others see pseudonyms, and search by them
     */
    public record Query(
            Level level,
            Map<Integer, String> matches,
            Set<Integer> include,
            boolean all,
            int limit,
            long offset,
            boolean clear) {}

    /**
     * What was found.
     *
     * @param results data sets in the DICOM JSON Model
     * @param more true if there are more than the limit
     */
    public record Found(List<ObjectNode> results, boolean more) {}

    /** @param url makes an absolute URL of a path below the DICOMweb root */
    public Found search(Query query, java.util.function.UnaryOperator<String> url) {
        StringBuilder where = new StringBuilder("true");
        Map<String, Object> parameters = new LinkedHashMap<>();
        String tenant = Tenant.bound();
        if (tenant != null) {
            // The wall asks for the same in a form that no index knows.
            where.append(" and i.tenant = :tenant");
            parameters.put("tenant", tenant);
        }
        int number = 0;
        for (Map.Entry<Integer, String> match : query.matches().entrySet()) {
            if (!Identity.isSealed(match.getKey())) {
                condition(where, parameters, "m" + number++, match.getKey(), match.getValue());
            }
        }
        // The last, so that the others have narrowed what must be opened for them.
        for (Map.Entry<Integer, String> match : query.matches().entrySet()) {
            if (Identity.isSealed(match.getKey()) && !isUniversal(match.getValue())) {
                sealed(where, parameters, "m" + number++, match.getKey(), match.getValue(), query.clear());
            }
        }
        String key = switch (query.level()) {
            case STUDY -> "study_uid";
            case SERIES -> "study_uid, series_uid";
            case INSTANCE -> "study_uid, series_uid, sop_instance_uid";
        };
        parameters.put("limit", query.limit() + 1);
        parameters.put("offset", query.offset());
        List<ObjectNode> results = sql.sql("""
            with hit as (select %1$s, max(received_at) as latest from dicom_instance i where %2$s
                group by %1$s order by max(received_at) desc, %1$s limit :limit offset :offset)
            select %4$s, latest, one.attributes, one.tenant, one.sop_instance_uid as sop, one.identity,
                (select count(distinct i.series_uid) from dicom_instance i where i.study_uid = hit.study_uid) as series,
                (select count(*) from dicom_instance i where i.study_uid = hit.study_uid) as study_instances,
                (select count(*) from dicom_instance i where (%3$s)) as instances,
                (select string_agg(distinct i.attributes -> '00080060' -> 'Value' ->> 0, ',')
                    from dicom_instance i where i.study_uid = hit.study_uid) as modalities
            from hit cross join lateral (select attributes, tenant, sop_instance_uid, identity from dicom_instance i
                where (%3$s) order by i.received_at desc limit 1) one
            order by latest desc, %4$s\
            """.formatted(key, where, same(key), of("hit", key)))
                .params(parameters)
                .query((row, index) -> {
                    String path = "/studies/" + row.getString("study_uid");
                    if (query.level() != Level.STUDY) {
                        path += "/series/" + row.getString("series_uid");
                    }
                    if (query.level() == Level.INSTANCE) {
                        path += "/instances/" + row.getString("sop_instance_uid");
                    }
                    String modalities = row.getString("modalities");
                    return result(
                            query,
                            attributes(
                                    row.getString("attributes"),
                                    row.getString("tenant"),
                                    row.getString("sop"),
                                    row.getBytes("identity"),
                                    query.clear()),
                            url.apply(path),
                            row.getLong("series"),
                            row.getLong("study_instances"),
                            row.getLong("instances"),
                            modalities == null ? List.of() : List.of(modalities.split(",")));
                })
                .list();
        boolean more = results.size() > query.limit();
        return new Found(more ? results.subList(0, query.limit()) : results, more);
    }

    private ObjectNode attributes(
            String attributes, String tenant, String sop, byte @Nullable [] identity, boolean clear) {
        ObjectNode node = (ObjectNode) json.readTree(attributes);
        if (clear && identity == null) {
            return node; // not sealed yet
        }
        return identities.shown(
                node, identity != null, clear && identity != null ? identities.open(tenant, sop, identity) : null);
    }

    private static String of(String table, String columns) {
        return table + "." + columns.replace(", ", ", " + table + ".");
    }

    private static String same(String key) {
        StringBuilder text = new StringBuilder();
        for (String column : key.split(", ")) {
            text.append(text.isEmpty() ? "" : " and ")
                    .append("i.")
                    .append(column)
                    .append(" = hit.")
                    .append(column);
        }
        return text.toString();
    }

    /** True if values of an element can be matched. */
    public static boolean isKey(int tag) {
        return tag == MODALITIES_IN_STUDY || DicomInstance.isAttribute(tag);
    }

    /** PS3.4 C.2.2.2.3: true if a value matches everything, so that the element is asked for and nothing more. */
    public static boolean isUniversal(String value) {
        return value.isEmpty() || value.equals("*");
    }

    /**
     * A condition on an element of which the database has pseudonyms. A whole value is found by its pseudonym. For a pattern the values
     * must be opened, each different one once. Who may not see them can give pseudonyms only.
     */
    private void sealed(
            StringBuilder where, Map<String, Object> parameters, String name, int tag, String value, boolean clear) {
        String left = left(tag);
        boolean range = DataElements.vr(tag).equals("DA") && value.indexOf('-') >= 0;
        List<String> pseudonyms = new ArrayList<>();
        if (!clear) {
            pseudonyms.add(value);
        } else if (!range && value.indexOf('*') < 0 && value.indexOf('?') < 0) {
            for (String tenant : tenants()) {
                pseudonyms.add(identities.pseudonym(tenant, tag, value));
            }
        } else {
            Predicate<String> fits = range ? within(value) : like(tag, value);
            sql.sql("select distinct on (1) " + left
                            + ", i.tenant, i.sop_instance_uid, i.identity from dicom_instance i"
                            + " where i.identity is not null and " + left + " is not null and " + where)
                    .params(parameters)
                    .query(row -> {
                        Identity.Opened opened = identities.open(row.getString(2), row.getString(3), row.getBytes(4));
                        String one = opened == null
                                ? null
                                : Identity.value(tag, opened.attributes().path(Identity.name(tag)));
                        if (one != null && fits.test(one)) {
                            pseudonyms.add(row.getString(1));
                        }
                    });
        }
        where.append(" and ").append(left).append(" = any(:").append(name).append(')');
        parameters.put(name, pseudonyms.toArray(String[]::new));
    }

    /** Of whom the rows are that are looked through: pseudonyms are of their tenant. */
    private List<String> tenants() {
        String bound = Tenant.bound();
        return bound != null ? List.of(bound) : sql.sql("""
            with recursive known as (
                (select tenant from dicom_instance order by tenant limit 1)
                union all
                select (select tenant from dicom_instance where tenant > known.tenant order by tenant limit 1)
                from known where known.tenant is not null)
            select tenant from known where tenant is not null\
            """).query(String.class).list();
    }

    private static String left(int tag) {
        return switch (tag) {
            case Identity.PATIENT_ID -> "i.patient";
            case Identity.ACCESSION_NUMBER -> "i.accession";
            default ->
                DataElements.vr(tag).equals("PN")
                        ? "i.attributes -> '%08X' -> 'Value' -> 0 ->> 'Alphabetic'".formatted(tag)
                        : value(tag);
        };
    }

    private static Predicate<String> within(String range) {
        int dash = range.indexOf('-');
        String from = range.substring(0, dash);
        String to = range.substring(dash + 1);
        return date -> (from.isEmpty() || date.compareTo(from) >= 0) && (to.isEmpty() || date.compareTo(to) <= 0);
    }

    /** PS3.4 C.2.2.2.4, for a value in hand. */
    private static Predicate<String> like(int tag, String value) {
        boolean name = DataElements.vr(tag).equals("PN");
        String pattern = name ? value.toLowerCase(Locale.ROOT) : value;
        return text -> matches(pattern, name ? text.toLowerCase(Locale.ROOT) : text);
    }

    /** In time of the product of both lengths at most, whatever the pattern is. */
    private static boolean matches(String pattern, String text) {
        int p = 0;
        int t = 0;
        int star = -1;
        int resume = 0;
        while (t < text.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                resume = t;
            } else if (p < pattern.length() && (pattern.charAt(p) == '?' || pattern.charAt(p) == text.charAt(t))) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1;
                t = ++resume;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }

    /** Names and values go in as parameters; the tag is eight hexadecimal digits. */
    private static void condition(
            StringBuilder where, Map<String, Object> parameters, String name, int tag, String value) {
        if (isUniversal(value)) {
            return;
        }
        String column = switch (tag) {
            case 0x0020_000D -> "i.study_uid";
            case 0x0020_000E -> "i.series_uid";
            case 0x0008_0018 -> "i.sop_instance_uid";
            case 0x0008_0016 -> "i.sop_class_uid";
            default -> null;
        };
        String vr = DataElements.vr(tag);
        if (column != null || vr.equals("UI")) {
            String left = column != null ? column : value(tag);
            where.append(" and ").append(left).append(" = any(:").append(name).append(')');
            parameters.put(name, value.split("[,\\\\]"));
        } else if (tag == MODALITIES_IN_STUDY) {
            where.append(" and exists (select 1 from dicom_instance o where o.study_uid = i.study_uid and"
                            + " o.attributes -> '00080060' -> 'Value' ->> 0 = any(:")
                    .append(name)
                    .append("))");
            parameters.put(name, value.split("[,\\\\]"));
        } else if ((vr.equals("DA") || vr.equals("TM")) && value.indexOf('-') >= 0) {
            int dash = value.indexOf('-');
            if (dash > 0) {
                where.append(" and ")
                        .append(value(tag))
                        .append(" >= :")
                        .append(name)
                        .append("from");
                parameters.put(name + "from", value.substring(0, dash));
            }
            if (dash < value.length() - 1) {
                // A time of fewer digits means all that begin with it.
                where.append(" and ")
                        .append(value(tag))
                        .append(" <= :")
                        .append(name)
                        .append("to");
                parameters.put(name + "to", value.substring(dash + 1) + (vr.equals("TM") ? "~" : ""));
            }
        } else {
            String left = vr.equals("PN")
                    ? "i.attributes -> '%08X' -> 'Value' -> 0 ->> 'Alphabetic'".formatted(tag)
                    : value(tag);
            boolean name0 = vr.equals("PN");
            where.append(" and ")
                    .append(left)
                    .append(name0 ? " ilike :" : " like :")
                    .append(name)
                    .append(" escape '!'");
            parameters.put(name, pattern(value));
        }
    }

    private static String value(int tag) {
        return "i.attributes -> '%08X' -> 'Value' ->> 0".formatted(tag);
    }

    /** PS3.4 C.2.2.2.4: an asterisk stands for any characters, a question mark for one. */
    private static String pattern(String value) {
        return value.replace("!", "!!")
                .replace("%", "!%")
                .replace("_", "!_")
                .replace('*', '%')
                .replace('?', '_');
    }

    private ObjectNode result(
            Query query,
            ObjectNode attributes,
            String url,
            long series,
            long studyInstances,
            long instances,
            List<String> modalities) {
        Set<Integer> wanted = new LinkedHashSet<>(query.include());
        add(wanted, OF_STUDY);
        if (query.level() != Level.STUDY) {
            add(wanted, OF_SERIES);
        }
        if (query.level() == Level.INSTANCE) {
            add(wanted, OF_INSTANCE);
        }
        wanted.addAll(query.matches().keySet());
        Map<String, JsonNode> found = new TreeMap<>();
        for (Map.Entry<String, JsonNode> one : attributes.properties()) {
            int tag = Integer.parseUnsignedInt(one.getKey(), 16);
            if (wanted.contains(tag) || query.all() && belongs(tag, query.level())) {
                found.put(one.getKey(), one.getValue());
            }
        }
        put(found, RETRIEVE_URL, "UR", array(List.of(url)));
        put(found, INSTANCE_AVAILABILITY, "CS", array(List.of("ONLINE")));
        if (query.level() == Level.STUDY) {
            put(found, MODALITIES_IN_STUDY, "CS", array(modalities));
            put(
                    found,
                    NUMBER_OF_STUDY_RELATED_SERIES,
                    "IS",
                    json.createArrayNode().add(series));
            put(
                    found,
                    NUMBER_OF_STUDY_RELATED_INSTANCES,
                    "IS",
                    json.createArrayNode().add(studyInstances));
        }
        if (query.level() == Level.SERIES) {
            put(
                    found,
                    NUMBER_OF_SERIES_RELATED_INSTANCES,
                    "IS",
                    json.createArrayNode().add(instances));
        }
        ObjectNode result = json.createObjectNode();
        found.forEach(result::set);
        return result;
    }

    /** Elements of a series say nothing of its study, and those of an instance nothing of its series. */
    private static boolean belongs(int tag, Level level) {
        return level == Level.INSTANCE || contains(OF_STUDY, tag) || level == Level.SERIES && contains(OF_SERIES, tag);
    }

    private static boolean contains(int[] tags, int tag) {
        for (int one : tags) {
            if (one == tag) {
                return true;
            }
        }
        return false;
    }

    private static void add(Set<Integer> wanted, int[] tags) {
        for (int tag : tags) {
            wanted.add(tag);
        }
    }

    private void put(Map<String, JsonNode> found, int tag, String vr, ArrayNode value) {
        ObjectNode element = json.createObjectNode().put("vr", vr);
        if (!value.isEmpty()) {
            element.set("Value", value);
        }
        found.put("%08X".formatted(tag), element);
    }

    private ArrayNode array(List<String> values) {
        ArrayNode array = json.createArrayNode();
        values.forEach(array::add);
        return array;
    }
}
