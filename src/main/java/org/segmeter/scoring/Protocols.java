package org.segmeter.scoring;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** Protocols by id. The built-in ones are resources of this package's build; a service adds those that it stores. */
public final class Protocols {

    private static final Protocols BUILT_IN = load();

    private final Map<String, Protocol> byId;

    private Protocols(Map<String, Protocol> byId) {
        this.byId = Collections.unmodifiableMap(byId);
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
        Map<String, Protocol> all = new LinkedHashMap<>(byId);
        for (Protocol protocol : more) {
            Protocol old = all.putIfAbsent(protocol.id(), protocol);
            if (old != null && !old.sha256().equals(protocol.sha256())) {
                throw new IllegalArgumentException("the protocol " + protocol.id() + " exists with another content");
            }
        }
        return new Protocols(all);
    }

    /** All, the built-in ones first. */
    public List<Protocol> all() {
        return List.copyOf(byId.values());
    }

    public @Nullable Protocol find(String id) {
        return byId.get(id);
    }

    /** @throws InputException INVALID_REQUEST if there is none */
    public Protocol require(String id) throws InputException {
        Protocol protocol = byId.get(id);
        if (protocol == null) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The request names a protocol that does not exist.",
                    id.matches("[A-Za-z0-9.@_-]{1,80}") ? id : "a text of " + id.length() + " characters",
                    "one of " + String.join(", ", byId.keySet()));
        }
        return protocol;
    }

    private static Protocols load() {
        Map<String, Protocol> all = new LinkedHashMap<>();
        for (String name : new String(resource("index.txt"), StandardCharsets.UTF_8)
                .lines()
                .toList()) {
            if (name.isBlank()) {
                continue;
            }
            try {
                Protocol protocol = Protocol.parse(new String(resource(name + ".json"), StandardCharsets.UTF_8));
                all.put(protocol.id(), protocol);
            } catch (InputException e) {
                throw new IllegalStateException(
                        "the built-in protocol " + name + ": " + e.getMessage() + " " + e.found(), e);
            }
        }
        return new Protocols(all);
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
