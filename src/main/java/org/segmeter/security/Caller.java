package org.segmeter.security;

import jakarta.servlet.http.HttpServletRequest;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;

/**
 * Who sends a request.
 *
 * @param id of the key or the token's subject; what appears of a caller in the audit and in limits
 * @param kind how they said so
 * @param tenant whose rows they see
 * @param roles with all that these include
 */
public record Caller(String id, Kind kind, String tenant, Set<Role> roles) {

    /** Everybody, where there is no login. */
    static final Caller ANYBODY = new Caller("anybody", Kind.ANYBODY, Tenant.DEFAULT, EnumSet.allOf(Role.class));

    private static final String ATTRIBUTE = Caller.class.getName();

    /** How a caller said who they are. */
    public enum Kind {
        ANYBODY,
        KEY,
        TOKEN,
        SESSION,
        CERTIFICATE
    }

    public Caller {
        EnumSet<Role> all = EnumSet.noneOf(Role.class);
        roles.forEach(role -> all.addAll(role.included()));
        roles = Set.copyOf(all);
    }

    /** Who sends it; null if they have not said so. */
    public static @Nullable Caller of(HttpServletRequest request) {
        return request.getAttribute(ATTRIBUTE) instanceof Caller caller ? caller : null;
    }

    void sends(HttpServletRequest request) {
        request.setAttribute(ATTRIBUTE, this);
    }

    /** True if the role, or one that includes it, was given to them. */
    public boolean may(Role role) {
        return roles.contains(role);
    }
}
