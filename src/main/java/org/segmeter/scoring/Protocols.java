package org.segmeter.scoring;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * Protocols by id. The built-in ones are resources of this package's build, each read when it is first asked for; a service adds those
 * that it stores.
 */
public final class Protocols {

    private static final List<String> BUILT_IN_IDS = builtInIds();
    private static final Map<String, Protocol> BUILT_IN_READ = new ConcurrentHashMap<>();
    private static final Protocols BUILT_IN = new Protocols(Map.of());

    private final Map<String, Protocol> added;

    private Protocols(Map<String, Protocol> added) {
        this.added = Collections.unmodifiableMap(added);
    }

    public static Protocols builtIn() {
        return BUILT_IN;
    }

    /**
     * These and some more.
     *
     * @throws IllegalArgumentException if an id is taken by another document: a protocol never changes
     */
    public Protocols with(List<Protocol> more) {
        Map<String, Protocol> all = new LinkedHashMap<>(added);
        for (Protocol protocol : more) {
            Protocol old = find(protocol.id());
            if (old == null) {
                old = all.putIfAbsent(protocol.id(), protocol);
            }
            if (old != null && !old.sha256().equals(protocol.sha256())) {
                throw new IllegalArgumentException("the protocol " + protocol.id() + " exists with another content");
            }
        }
        return new Protocols(all);
    }

    /** All, the built-in ones first. */
    public List<Protocol> all() {
        List<Protocol> all = new ArrayList<>();
        BUILT_IN_IDS.forEach(id -> all.add(readBuiltIn(id)));
        all.addAll(added.values());
        return Collections.unmodifiableList(all);
    }

    public @Nullable Protocol find(String id) {
        return BUILT_IN_IDS.contains(id) ? readBuiltIn(id) : added.get(id);
    }

    /** @throws InputException INVALID_REQUEST if there is none */
    public Protocol require(String id) throws InputException {
        Protocol protocol = find(id);
        if (protocol == null) {
            List<String> known = new ArrayList<>(BUILT_IN_IDS);
            known.addAll(added.keySet());
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The request names a protocol that does not exist.",
                    id.matches("[A-Za-z0-9.@_-]{1,80}") ? id : "a text of " + id.length() + " characters",
                    "one of " + String.join(", ", known));
        }
        return protocol;
    }

    private static List<String> builtInIds() {
        List<String> ids = new ArrayList<>();
        for (String name : new String(resource("index.txt"), StandardCharsets.UTF_8).split("\n", -1)) {
            if (!name.isBlank()) {
                int dash = name.lastIndexOf('-');
                ids.add(name.substring(0, dash) + "@" + name.substring(dash + 1).strip());
            }
        }
        return List.copyOf(ids);
    }

    private static Protocol readBuiltIn(String id) {
        Protocol known = BUILT_IN_READ.get(id);
        return known != null ? known : BUILT_IN_READ.computeIfAbsent(id, Protocols::parseBuiltIn);
    }

    private static Protocol parseBuiltIn(String id) {
        String name = id.replace('@', '-');
        try {
            Protocol protocol = Protocol.parse(new String(resource(name + ".json"), StandardCharsets.UTF_8));
            if (!protocol.id().equals(id)) {
                throw new IllegalStateException("the built-in protocol " + name + " names itself " + protocol.id());
            }
            return protocol;
        } catch (InputException e) {
            throw new IllegalStateException(
                    "the built-in protocol " + name + ": " + e.getMessage() + " " + e.found(), e);
        }
    }

    private static byte[] resource(String name) {
        try (InputStream in = Protocols.class.getResourceAsStream("/protocols/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the resource protocols/" + name + " is missing from this build");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
