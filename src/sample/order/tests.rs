use super::*;

#[test]
fn every_order_has_every_step_once_and_is_read_back_as_it_is_written() {
    let own: Order = "top-p,temp,no-repeat-ngram".parse().unwrap();
    for order in [Order::LlamaCpp, Order::HuggingFace, own] {
        let steps = order.steps();
        assert!(Step::ALL.iter().all(|it| steps.contains(it)), "{order}");
        assert!(steps.is_sorted_by_key(|it| !it.is_penalty()), "{order}");
        let text = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order);
    }
    assert_eq!(serde_json::from_str::<Order>("\"hf\"").unwrap(), Order::HuggingFace);
    let place = |step| own.steps().iter().position(|&it| it == step).unwrap();
    assert!(place(Step::TopP) < place(Step::Temperature) && place(Step::Temperature) < place(Step::TopK));
}

#[test]
fn an_order_names_known_steps_once() {
    assert!("top-p,top-q".parse::<Order>().unwrap_err().contains("top-q"));
    assert!("top-p,top-p".parse::<Order>().unwrap_err().contains("twice"));
}

#[test]
fn a_step_moves_among_its_like_and_back() {
    let moved = Order::LlamaCpp.moved(Step::TopK, true);
    assert_eq!(moved.name(), "own");
    assert_eq!(moved.moved(Step::TopK, false), Order::LlamaCpp);
    assert_eq!(Order::LlamaCpp.moved(Step::TopNSigma, false), Order::LlamaCpp, "no cut before a penalty");
    assert_eq!(Order::LlamaCpp.moved(Step::Mirostat, true), Order::LlamaCpp, "nothing is after the last");
}
