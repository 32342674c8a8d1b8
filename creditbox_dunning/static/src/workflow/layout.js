/**
 * Where the nodes of a workflow go: a layered layout of our own, top to bottom.
 *
 * Ladder nodes take one layer each, in order; event nodes stand in a column beside. An
 * edge to the next layer is straight; the others run in lanes at the side (those that
 * go on after a good outcome on the right, the others on the left), one lane each as
 * long as they overlap.
 */
export const NODE = { width: 390, height: 92, gap: 58 };
const LANE = 26;
const MARGIN = 24;
const EVENT_GAP = 120;

/** Puts each edge in the first lane of its side that is free along its way. */
function chooseLanes(edges, layers) {
    const taken = { left: [], right: [] };
    for (const edge of edges) {
        const [top, bottom] = [layers[edge.from], layers[edge.to]].sort((a, b) => a - b);
        const lanes = taken[edge.side];
        let lane = lanes.findIndex((spans) =>
            spans.every(([from, to]) => bottom <= from || top >= to)
        );
        if (lane < 0) {
            lane = lanes.length;
            lanes.push([]);
        }
        lanes[lane].push([top, bottom]);
        edge.lane = lane + 1;
    }
    return taken;
}

/** The layer of each event node: beside the first node that leads to it, if free. */
function placeEvents(events, edges, layers) {
    const taken = new Set();
    return events.map((node) => {
        const source = edges.find((edge) => edge.to === node.id);
        let layer = source ? layers[source.from] : 0;
        while (taken.has(layer)) {
            layer += 1;
        }
        taken.add(layer);
        return layer;
    });
}

function straight(source, target) {
    const x = source.x + NODE.width / 2;
    return `M ${x} ${source.y + NODE.height} L ${x} ${target.y - 8}`;
}

function aside(source, target, edge) {
    const sign = edge.side === "right" ? 1 : -1;
    const x1 = edge.side === "right" ? source.x + NODE.width : source.x;
    const x2 = edge.side === "right" ? target.x + NODE.width : target.x;
    const y1 = source.y + NODE.height / 2 + 10;
    const y2 = target.y + NODE.height / 2 - 10;
    const x = x1 + sign * LANE * edge.lane;
    const turn = 10 * Math.sign(y2 - y1 || 1);
    return (
        `M ${x1} ${y1} L ${x - sign * 10} ${y1} Q ${x} ${y1} ${x} ${y1 + turn} ` +
        `L ${x} ${y2 - turn} Q ${x} ${y2} ${x - sign * 10} ${y2} L ${x2 + sign * 8} ${y2}`
    );
}

function across(source, target) {
    const x1 = source.x + NODE.width;
    const x2 = target.x - 8;
    const y1 = source.y + NODE.height / 2;
    const y2 = target.y + NODE.height / 2;
    const half = (x1 + x2) / 2;
    return `M ${x1} ${y1} C ${half} ${y1} ${half} ${y2} ${x2} ${y2}`;
}

/** {nodes, edges, width, height} with coordinates, from what the server tells. */
export function layOut(workflow) {
    const ladder = workflow.nodes.filter((node) => !node.is_event);
    const events = workflow.nodes.filter((node) => node.is_event);
    const layers = Object.fromEntries(ladder.map((node, index) => [node.id, index]));
    const isEvent = new Set(events.map((node) => node.id));
    const edges = workflow.edges.map((edge, index) => ({ ...edge, id: index }));
    const sideways = edges.filter(
        (edge) => !isEvent.has(edge.to) && layers[edge.to] !== layers[edge.from] + 1
    );
    for (const edge of sideways) {
        edge.side = edge.kind === "ko" ? "left" : "right";
    }
    const lanes = chooseLanes(sideways, layers);
    const left = MARGIN + lanes.left.length * LANE + (lanes.left.length ? 70 : 0);
    const right = lanes.right.length * LANE + (lanes.right.length ? 70 : 0);
    const place = {};
    ladder.forEach((node, index) => {
        place[node.id] = { x: left, y: MARGIN + index * (NODE.height + NODE.gap) };
    });
    placeEvents(events, edges, layers).forEach((layer, index) => {
        place[events[index].id] = {
            x: left + NODE.width + right + EVENT_GAP,
            y: MARGIN + layer * (NODE.height + NODE.gap),
        };
    });
    const labels = {};
    for (const edge of edges) {
        drawEdge(edge, place[edge.from], place[edge.to], isEvent.has(edge.to));
        if (isEvent.has(edge.to)) {
            // one under the other, below the node where they arrive
            labels[edge.to] = (labels[edge.to] || 0) + 1;
            edge.labelY += 16 * (labels[edge.to] - 1);
        }
    }
    const columns = events.length ? 2 * NODE.width + EVENT_GAP : NODE.width;
    const bottom = Math.max(...Object.values(place).map((one) => one.y));
    return {
        nodes: workflow.nodes.map((node) => ({ ...node, ...place[node.id] })),
        edges,
        width: left + columns + right + MARGIN,
        height: bottom + NODE.height + NODE.gap,
    };
}

function drawEdge(edge, source, target, isEvent) {
    if (isEvent) {
        edge.path = across(source, target);
        edge.labelX = target.x + 8;
        edge.labelY = target.y + NODE.height + 14;
        edge.labelAnchor = "start";
    } else if (edge.side) {
        const sign = edge.side === "right" ? 1 : -1;
        edge.path = aside(source, target, edge);
        edge.labelX =
            source.x + (sign > 0 ? NODE.width : 0) + sign * (LANE * edge.lane + 6);
        edge.labelY = source.y + NODE.height + NODE.gap / 2;
        edge.labelAnchor = sign > 0 ? "start" : "end";
    } else {
        edge.path = straight(source, target);
        edge.labelX = source.x + NODE.width / 2 + 12;
        edge.labelY = source.y + NODE.height + NODE.gap / 2;
        edge.labelAnchor = "start";
    }
}
